import { renameSync, writeFileSync } from 'node:fs';
import { copyFile, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../src/base/events.ts';
import { Settings } from '../../../src/config/settings.ts';
import { scanDataset } from '../../../src/dataset/scan.ts';
import { splitDataset } from '../../../src/dataset/split.ts';
import type { Side } from '../../../src/dataset/types.ts';
import { measureDecoding } from '../../../src/pipeline/estimate/measure-decoding.ts';
import { evaluateRun } from '../../../src/pipeline/evaluate.ts';
import { train } from '../../../src/pipeline/train.ts';
import { readRecord } from '../../../src/run/run-records.ts';
import { runPaths } from '../../../src/run/store.ts';
import { testStorage } from '../../storage.ts';
import { testConfig } from '../../training/config.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

const homes: string[] = [];
let home: string;
let data: string;
beforeEach(async () => {
  home = await temporaryFolder();
  homes.push(home);
  vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache'));
  data = await pictureFolder(10, join(home, 'pictures'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const folder of homes) await rm(folder, { recursive: true, force: true });
});

interface Options {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  readonly onEvent?: (event: RunEvent) => void;
}

/** Without augmentation, so that `head` reads cached features. */
function run({ settings = {}, resume = false, onEvent = () => {} }: Options = {}) {
  const values = {
    data,
    out: join(home, 'run'),
    strategy: 'scratch',
    backbone: 'vgg-nano',
    weights: 'random',
    epochs: 2,
    image: { size: 32 },
    batchSize: 5,
    augment: { crop: null, flip: 0, views: 1 },
    ...settings,
  };
  const signal = new AbortController().signal;
  return train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    resume,
    signal,
    emit: onEvent,
  });
}

/** Spoils files of a side as soon as an event comes: by then the images were looked at. */
function spoil(type: RunEvent['type'], files: readonly string[]) {
  let done = false;
  return (event: RunEvent) => {
    if (event.type !== type || done) return;
    done = true;
    for (const file of files) writeFileSync(join(data, file), 'no image any more');
  };
}

/** What a run would have on each side, from a first run of one epoch. */
async function pathsOf(side: Side): Promise<string[]> {
  await run({ settings: { out: join(home, 'probe'), epochs: 1, export: ['safetensors'] } });
  const split = await readRecord(runPaths(join(home, 'probe')), 'split');
  return split[side].map(({ path }) => path);
}

describe('a run whose folder goes away', () => {
  it('fails, and goes on when it is back', async () => {
    const away = `${data}-away`;
    const onEvent = ({ type }: RunEvent) => type === 'train-start' && renameSync(data, away);
    await expect(run({ onEvent })).rejects.toMatchObject({
      kind: 'data',
      exitCode: 3,
      message: expect.stringMatching(/at least \d+ of 25 images cannot be read any more/),
      details: {
        found: expect.stringContaining('"no such file"'),
        where: data,
        fix: expect.stringContaining('--resume'),
      },
    });
    expect(await readdir(join(home, 'run'))).not.toContain('model');
    await rename(away, data);
    const record = await run({ resume: true });
    expect(record.metrics?.images).toBe(5);
  });

  it('fails while the frozen layers run over its images, and keeps no zeros for features', async () => {
    const settings = { strategy: 'head', weights: 'auto' };
    const onEvent = (event: RunEvent) =>
      event.type === 'stage' && event.stage === 'train' && renameSync(data, `${data}-away`);
    await expect(run({ settings, onEvent })).rejects.toMatchObject({ kind: 'data', exitCode: 3 });
  });
});

it('a run whose folder goes away when it is trained is exported all the same', async () => {
  const onEvent = (event: RunEvent) => {
    if (event.type === 'stage' && event.stage === 'export') renameSync(data, `${data}-away`);
  };
  const record = await run({ settings: { epochs: 1 }, onEvent });
  expect(record.metrics?.images).toBe(5);
  expect((await readdir(join(home, 'run', 'model'))).sort()).toEqual([
    'model.onnx',
    'model.safetensors',
  ]);
});

describe('a run that loses some images on the way', () => {
  it('goes on without a few, and says which', async () => {
    const [first = ''] = await pathsOf('train');
    const skipped: string[] = [];
    const damage = spoil('train-start', [first]);
    const record = await run({
      onEvent: (event) => {
        damage(event);
        if (event.type === 'image-skipped') skipped.push(event.path);
      },
    });
    expect(skipped).toEqual([first]);
    expect(record.metrics?.images).toBe(5);
  });

  it('ends when it is more than a fifth of those to train on', async () => {
    const some = (await pathsOf('train')).slice(0, 6);
    const work = run({ onEvent: spoil('train-start', some) });
    await expect(work).rejects.toMatchObject({
      exitCode: 3,
      message: 'at least 6 of 25 images cannot be read any more',
    });
  });

  it('ends when it is more than a fifth of those to validate on', async () => {
    const some = (await pathsOf('val')).slice(0, 2);
    await expect(run({ onEvent: spoil('train-start', some) })).rejects.toMatchObject({
      exitCode: 3,
      message: 'at least 2 of 5 images cannot be read any more',
    });
  });
});

it('evaluate gives no figures when most images are gone bad', async () => {
  await run();
  for (const name of await readdir(join(data, 'red'))) {
    await copyFile(join(data, 'green', '0.png'), join(data, 'red', name));
    const file = await open(join(data, 'red', name), 'r+');
    // The header stays whole, so that only decoding finds it out.
    await file.truncate(200);
    await file.close();
  }
  const emit = () => {};
  const signal = new AbortController().signal;
  await expect(
    evaluateRun({ storage: testStorage(), run: join(home, 'run'), data, signal, emit }),
  ).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('of 30 images'),
  });
});

it('the cost of decoding is not measured on files that are gone', async () => {
  const index = await scanDataset(data);
  const loaded = { index, groups: [], split: splitDataset(index, testConfig().split) };
  for (const { path } of index.images) await writeFile(join(data, path), 'gone');
  const spec = { size: 32, resize: 32, background: '#ffffff' };
  const signal = new AbortController().signal;
  const measured = measureDecoding({ data: loaded, signal }, { spec, augment: null });
  await expect(measured).rejects.toMatchObject({ kind: 'data' });
});
