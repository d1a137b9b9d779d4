import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheLimit } from '../../base/cache-limit.ts';
import { systemCode } from '../../base/errors.ts';
import type { Storage } from '../../base/storage.ts';
import { listCached } from '../../weights/cache.ts';
import { evictFeatures, listFeatures } from '../prepare/feature-cache.ts';

/** One thing in the cache folder. */
export interface CacheEntry {
  /**
   * `features`: activations of frozen layers; `scan`, `near-duplicates`: findings on images; `archives`: unpacked
   * ones; `trials`: what strategies came to.
   */
  readonly kind: 'features' | 'weights' | (typeof FINDINGS)[number];
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** When it was last used (weights: when they were fetched), as ISO 8601. */
  readonly used: string;
}

/** What was found out about images and strategies, and archives of images that were unpacked, in one folder each. */
const FINDINGS = ['scan', 'near-duplicates', 'archives', 'trials'] as const;

export interface CacheReport {
  readonly folder: string;
  /** The limit on cached activations in bytes; null for none. */
  readonly limit: number | null;
  readonly bytes: number;
  readonly entries: readonly CacheEntry[];
}

/** Everything that the cache folder holds. */
export async function listCache(storage: Storage): Promise<CacheReport> {
  const features = (await listFeatures(storage)).map(featuresEntry);
  const weights: CacheEntry[] = [];
  for (const { name, path, bytes } of await listCached(storage)) {
    const { mtime } = await stat(path);
    weights.push({ kind: 'weights', name, path, bytes, used: mtime.toISOString() });
  }
  const findings = (await Promise.all(FINDINGS.map((kind) => findingsEntry(storage, kind)))).flat();
  const entries = [...features, ...weights, ...findings];
  const limit = cacheLimit(storage);
  return {
    folder: storage.folder,
    limit: Number.isFinite(limit) ? limit : null,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    entries,
  };
}

/**
 * Removes the activations that were used least recently until they take no more than `limit` bytes;
 * with `all` every one that no process works with, and what is remembered of images or unpacked. Downloaded
 * weights stay.
 */
export async function pruneCache(
  storage: Storage,
  { limit, all = false }: { readonly limit?: number; readonly all?: boolean } = {},
): Promise<{
  readonly folder: string;
  readonly removed: readonly CacheEntry[];
  readonly freed: number;
}> {
  const removed = (await evictFeatures(storage, all ? 0 : (limit ?? cacheLimit(storage)))).map(
    featuresEntry,
  );
  if (all) {
    for (const entry of (
      await Promise.all(FINDINGS.map((kind) => findingsEntry(storage, kind)))
    ).flat()) {
      await rm(entry.path, { recursive: true, force: true });
      removed.push(entry);
    }
  }
  const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  return { folder: storage.folder, removed, freed };
}

const featuresEntry = ({
  name,
  path,
  bytes,
  used,
}: Awaited<ReturnType<typeof listFeatures>>[number]): CacheEntry => ({
  kind: 'features',
  name,
  path,
  bytes,
  used: used.toISOString(),
});

async function findingsEntry(
  storage: Storage,
  kind: (typeof FINDINGS)[number],
): Promise<CacheEntry[]> {
  const path = join(storage.folder, kind);
  const names = await readdir(path, { recursive: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const all = await Promise.all(names.map((name) => stat(join(path, name))));
  const files = all.filter((entry) => entry.isFile());
  if (files.length === 0) return [];
  const used = new Date(Math.max(...files.map(({ mtimeMs }) => mtimeMs))).toISOString();
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return [{ kind, name: kind, path, bytes, used }];
}
