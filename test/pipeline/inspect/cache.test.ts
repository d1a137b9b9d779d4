import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cacheOutput } from '../../../src/outputs/cache.ts';
import { listCache, pruneCache } from '../../../src/pipeline/inspect/cache.ts';
import {
  evictFeatures,
  listFeatures,
  useFeatures,
} from '../../../src/pipeline/prepare/feature-cache.ts';
import { testStorage } from '../../storage.ts';
import { temporaryFolder } from '../pictures.ts';

let home: string;
let features: string;
beforeAll(async () => {
  home = await temporaryFolder();
  features = join(home, 'cache', 'features');
  vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache'));
});
afterEach(() => rm(join(home, 'cache'), { recursive: true, force: true }));
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

/** Activations of 1000 bytes that were used so many hours ago. */
async function made(name: string, hours: number): Promise<string> {
  const path = join(features, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'a.rows'), Buffer.alloc(1000));
  const time = new Date(Date.now() - hours * 3_600_000);
  await utimes(join(path, 'a.rows'), time, time);
  return path;
}

const names = async () => (await readdir(features)).sort();

describe('cached activations beyond the limit', () => {
  it('go, those that were used least recently first', async () => {
    await made('old', 3);
    await made('older', 4);
    await made('new', 1);
    expect((await listFeatures(testStorage())).map(({ name }) => name)).toEqual([
      'older',
      'old',
      'new',
    ]);
    const removed = await evictFeatures(testStorage(), 2500);
    expect(removed).toMatchObject([{ name: 'older', bytes: 1000 }]);
    expect(await names()).toEqual(['new', 'old']);
    expect(await evictFeatures(testStorage(), 2500)).toEqual([]);
  });

  it('stay while a process works with them, and go after that', async () => {
    const path = await made('used', 5);
    await made('other', 1);
    const release = await useFeatures(path);
    await evictFeatures(testStorage(), 0);
    expect(await names()).toEqual(['used']);
    await release();
    await evictFeatures(testStorage(), 0);
    expect(await names()).toEqual([]);
  });

  it('of a process that was killed go, and so does what it was about to remove', async () => {
    const path = await made('dead', 1);
    const owner = { pid: 2 ** 22 + 1, host: hostname(), since: 'long ago' };
    await writeFile(join(path, 'in-use-00.lock'), JSON.stringify(owner));
    await made('.evicted-00', 1);
    await evictFeatures(testStorage(), 0);
    expect(await names()).toEqual([]);
  });

  it('of a run that works on another machine stay', async () => {
    const path = await made('shared', 1);
    const owner = { pid: 1, host: 'elsewhere', since: 'now' };
    await writeFile(join(path, 'in-use-00.lock'), JSON.stringify(owner));
    await evictFeatures(testStorage(), 0);
    expect(await names()).toEqual(['shared']);
  });
});

it('is listed, and pruned but for weights', async () => {
  await made('features', 1);
  await mkdir(join(home, 'cache', 'weights'));
  await writeFile(join(home, 'cache', 'weights', 'w.pth'), Buffer.alloc(10));
  await mkdir(join(home, 'cache', 'scan'));
  await writeFile(join(home, 'cache', 'scan', 's.json'), '{}');
  await mkdir(join(home, 'cache', 'archives', 'a'), { recursive: true });
  await writeFile(join(home, 'cache', 'archives', 'a', 'x.png'), Buffer.alloc(100));
  const report = await listCache(testStorage());
  expect(cacheOutput.parse(report)).toEqual(report);
  expect(report).toMatchObject({ folder: join(home, 'cache'), limit: 20e9, bytes: 1112 });
  expect(report.entries.map(({ kind }) => kind)).toEqual([
    ...['features', 'weights', 'scan', 'archives'],
  ]);
  expect(await pruneCache(testStorage())).toMatchObject({ removed: [], freed: 0 });
  const pruned = await pruneCache(testStorage(), { all: true });
  expect(pruned.freed).toBe(1102);
  expect((await listCache(testStorage())).entries.map(({ kind }) => kind)).toEqual(['weights']);
});

it('a limit that is no size is refused', async () => {
  vi.stubEnv('VGGTUNE_CACHE_LIMIT', 'much');
  await expect(listCache(testStorage())).rejects.toMatchObject({
    kind: 'usage',
    details: { where: 'VGGTUNE_CACHE_LIMIT', found: 'much' },
  });
  vi.stubEnv('VGGTUNE_CACHE_LIMIT', '');
});
