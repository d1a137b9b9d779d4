import { randomBytes } from 'node:crypto';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheLimit } from '../../base/cache-limit.ts';
import { systemCode } from '../../base/errors.ts';
import type { Emit } from '../../base/events.ts';
import { isHeld, takeLock, type Unlock } from '../../base/lock.ts';
import { renameFile } from '../../base/rename.ts';
import type { Storage } from '../../base/storage.ts';

/** The activations of one frozen prefix, in a folder that is named after all that they depend on. */
export interface CachedFeatures {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** When a run last opened or closed them. */
  readonly used: Date;
}

export const featuresFolder = ({ folder }: Storage) => join(folder, 'features');

/** A file whose modification time records the last use of the folder. */
const USED = 'used';
const IN_USE = /^in-use-[0-9a-f]+\.lock$/;
/** The prefix of folders that are being removed; the next eviction removes what a killed process left. */
const EVICTED = '.evicted-';

/**
 * Marks a folder as in use by this process until the returned function is called. A cache that
 * cannot be written has no marks: nothing can be evicted from it either.
 */
export async function useFeatures(folder: string): Promise<Unlock> {
  const path = join(folder, `in-use-${randomBytes(6).toString('hex')}.lock`);
  const unlock = await takeLock(path, { busy: `${path} is taken` }).catch(() => undefined);
  await touch(folder);
  return async () => {
    await touch(folder);
    await unlock?.();
  };
}

const touch = (folder: string) => writeFile(join(folder, USED), '').catch(() => {});

/** All cached activations, those that were used last at the end. */
export async function listFeatures(storage: Storage): Promise<readonly CachedFeatures[]> {
  const root = featuresFolder(storage);
  const found: CachedFeatures[] = [];
  for (const name of await namesIn(root)) {
    if (!name.startsWith('.')) found.push(await measured(name, join(root, name)));
  }
  return found.sort((a, b) => a.used.getTime() - b.used.getTime());
}

/**
 * Removes the activations that were used least recently until those that are left take no more than
 * `limit` bytes. Those that a process works with stay.
 * @param keep a folder that stays whatever it takes
 * @returns what was removed
 */
export async function evictFeatures(
  storage: Storage,
  limit: number,
  keep?: string,
): Promise<CachedFeatures[]> {
  await removeLeftovers(storage);
  const all = await listFeatures(storage);
  let total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed: CachedFeatures[] = [];
  for (const one of all) {
    if (total <= limit) break;
    if (one.path === keep || !(await evict(one.path))) continue;
    total -= one.bytes;
    removed.push(one);
  }
  return removed;
}

/** Keeps the cache within its limit, sparing one folder. A failure ends no run. */
export async function makeRoom(
  folder: string,
  { storage, emit }: { readonly storage: Storage; readonly emit: Emit },
): Promise<void> {
  const limit = cacheLimit(storage);
  const removed = await evictFeatures(storage, limit, folder).catch((error: unknown) => {
    if (systemCode(error) === undefined) throw error;
    return [];
  });
  if (removed.length === 0) return;
  const gigabytes = removed.reduce((sum, { bytes }) => sum + bytes, 0) / 1e9;
  const message = `removed cached activations that were used least recently: ${removed.length} times, ${gigabytes.toFixed(1)} GB (VGGTUNE_CACHE_LIMIT)`;
  emit({ type: 'note', message });
}

/** @returns false when the folder is in use, or the system does not let it go */
async function evict(path: string): Promise<boolean> {
  if (await inUse(path)) return false;
  // Under another name nobody finds it; whoever had found it just before has left a mark by now.
  const aside = join(dirname(path), `${EVICTED}${randomBytes(6).toString('hex')}`);
  try {
    await renameFile(path, aside);
    if (await inUse(aside)) {
      await renameFile(aside, path);
      return false;
    }
    await rm(aside, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

async function inUse(folder: string): Promise<boolean> {
  const locks = (await namesIn(folder)).filter((name) => name === 'lock' || IN_USE.test(name));
  for (const name of locks) if (await isHeld(join(folder, name))) return true;
  return false;
}

async function removeLeftovers(storage: Storage): Promise<void> {
  const root = featuresFolder(storage);
  for (const name of await namesIn(root)) {
    const path = join(root, name);
    if (!name.startsWith(EVICTED) || (await inUse(path))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function measured(name: string, path: string): Promise<CachedFeatures> {
  let bytes = 0;
  let used = 0;
  for (const file of await namesIn(path)) {
    // It may be gone by now: other processes work here, too.
    const found = await stat(join(path, file)).catch(() => undefined);
    bytes += found?.size ?? 0;
    used = Math.max(used, found?.mtimeMs ?? 0);
  }
  return { name, path, bytes, used: new Date(used) };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}
