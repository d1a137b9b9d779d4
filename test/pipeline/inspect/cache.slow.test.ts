import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../src/base/events.ts';
import { Settings } from '../../../src/config/settings.ts';
import { train } from '../../../src/pipeline/train.ts';
import { testStorage } from '../../storage.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
let features: string;
beforeAll(async () => {
  home = await temporaryFolder();
  features = join(home, 'cache', 'features');
  vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

it('a run keeps the limit, and its own', async () => {
  const old = join(features, 'old', 'a.rows');
  await mkdir(join(features, 'old'), { recursive: true });
  await writeFile(old, Buffer.alloc(1000));
  const hoursAgo = new Date(Date.now() - 9 * 3_600_000);
  await utimes(old, hoursAgo, hoursAgo);
  vi.stubEnv('VGGTUNE_CACHE_LIMIT', '10KB');
  const data = await pictureFolder(8, join(home, 'pictures'));
  const notes: string[] = [];
  const values = {
    data,
    out: join(home, 'run'),
    strategy: 'head',
    backbone: 'vgg-nano',
    epochs: 1,
    schedule: { kind: 'constant', warmup: 0 },
    export: ['safetensors'],
  };
  await train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    signal: new AbortController().signal,
    emit: (event: RunEvent) => event.type === 'note' && notes.push(event.message),
  });
  expect(await readdir(features)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  expect(notes).toContainEqual(expect.stringContaining('used least recently: 1 times'));
});
