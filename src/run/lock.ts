import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode, usageError, VggtuneError } from '../base/errors.ts';
import { writeFailure } from '../base/write-failure.ts';

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** Gives the folder free again. */
export type Unlock = () => Promise<void>;

/**
 * Takes a run folder for this process. The lock of a process that is dead is taken over; that of a
 * process on another machine is left alone, because nobody here can tell whether it lives.
 * @throws VggtuneError (usage) that names the process which has the folder
 */
export async function lockFolder(folder: string): Promise<Unlock> {
  const path = join(folder, 'lock');
  for (;;) {
    if (await create(path)) return () => rm(path, { force: true });
    const owner = await readOwner(path);
    if (owner === 'gone') continue;
    if (isAlive(owner)) throw lockedError(folder, path, owner);
    await removeStale(path, owner);
  }
}

/** How often a taken folder is looked at again. */
const PATIENCE_MS = 200;

/**
 * Takes a folder as `lockFolder` does, and waits while another process has it.
 * @param onWait called once, when there is something to wait for
 * @returns undefined when the signal ended the wait
 */
export async function waitForFolder(
  folder: string,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: () => void },
): Promise<Unlock | undefined> {
  for (let told = false; !signal.aborted; told = true) {
    try {
      return await lockFolder(folder);
    } catch (error) {
      if (!(error instanceof VggtuneError && error.kind === 'usage')) throw error;
    }
    if (!told) onWait();
    await delay(PATIENCE_MS);
  }
  return undefined;
}

async function create(path: string): Promise<boolean> {
  const owner: Owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  // Written aside and linked, so that nobody ever reads half a lock.
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(aside, 'wx');
    await file.writeFile(JSON.stringify(owner)).finally(() => file.close());
    await link(aside, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw writeFailure(path, error);
  } finally {
    await rm(aside, { force: true });
  }
}

async function readOwner(path: string): Promise<Owner | 'gone' | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    return typeof owner.pid === 'number' && typeof owner.host === 'string'
      ? { pid: owner.pid, host: owner.host, since: String(owner.since) }
      : undefined;
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'gone' : undefined;
  }
}

/** An owner that cannot be read is none: every lock is written whole. */
function isAlive(owner: Owner | undefined): owner is Owner {
  if (owner === undefined) return false;
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Moves the dead lock away, and puts it back if another process had just replaced it by its own. */
async function removeStale(path: string, stale: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
    const moved = await readOwner(aside);
    if (JSON.stringify(moved) !== JSON.stringify(stale)) await link(aside, path);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw writeFailure(path, error);
  } finally {
    await rm(aside, { force: true });
  }
}

function lockedError(folder: string, path: string, owner: Owner): Error {
  const elsewhere = owner.host !== hostname();
  return usageError(`another run is at work in ${folder}`, {
    expected: 'a run folder that no other process uses',
    found: `process ${owner.pid} on ${owner.host}, since ${owner.since}`,
    where: folder,
    fix: elsewhere
      ? `wait for it, or choose another folder; if that process has ended, remove ${path}`
      : 'wait for it, end it, or choose another folder with --out',
  });
}
