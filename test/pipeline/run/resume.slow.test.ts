import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../src/base/events.ts';
import { Settings } from '../../../src/config/settings.ts';
import type { Engine } from '../../../src/engines/engine.ts';
import { createOnnxEngine } from '../../../src/engines/onnx/index.ts';
import { readSafetensors, writeSafetensors } from '../../../src/formats/safetensors.ts';
import { train } from '../../../src/pipeline/train.ts';
import { testStorage } from '../../storage.ts';
import { changedNames } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
let data: string;
let weights: string;
beforeAll(async () => {
  home = await temporaryFolder();
  vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache'));
  data = await pictureFolder(8, join(home, 'pictures'));
  weights = join(home, 'weights.safetensors');
  await run('start', { strategy: 'scratch', weights: 'random' });
  await copyFile(join(home, 'start', 'model', 'model.safetensors'), weights);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

interface More {
  readonly engine?: Engine;
  readonly onEvent?: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
}

function run(name: string, settings: object, resume = false, more: More = {}) {
  const values = {
    data,
    out: join(home, name),
    backbone: 'vgg-nano',
    epochs: 1,
    batchSize: 8,
    schedule: { kind: 'constant', warmup: 0 },
    export: ['safetensors'],
    ...settings,
  };
  const { onEvent: emit = () => {}, signal = new AbortController().signal, engine } = more;
  const sources = [{ origin: 'test', values }];
  return train({
    settings: Settings.of(...sources),
    storage: testStorage(),
    resume,
    signal,
    emit,
    ...(engine !== undefined && { engine }),
  });
}

it('a run is not resumed from other weights than it began from', async () => {
  const settings = { strategy: 'head', weights };
  const begun = await run('tuned', settings);
  const { tensors, metadata } = await readSafetensors(weights);
  const scaled = [...tensors].map(([name, { shape, data: values }]) => {
    const changed = name.startsWith('conv') ? values.map((value) => value * 0.7) : values;
    return [name, { shape, data: changed }] as const;
  });
  await writeSafetensors(weights, new Map(scaled), metadata);
  await expect(run('tuned', settings, true)).rejects.toMatchObject({
    kind: 'data',
    message: 'the weights are not those that the run began from',
    details: { where: weights, expected: expect.stringContaining(`${begun.plan.startHash}`) },
  });
  await writeSafetensors(weights, tensors, metadata);
  const again = await run('tuned', settings, true);
  expect(again.plan.startHash).toBe(begun.plan.startHash);
});

it('a run that was ended before it had a plan gets one when it is resumed', async () => {
  const settings = { strategy: 'scratch', weights: 'random' };
  const { plan } = await run('planless', settings);
  await rm(join(home, 'planless', 'plan.json'));
  await run('planless', settings, true);
  const written = JSON.parse(await readFile(join(home, 'planless', 'plan.json'), 'utf8'));
  expect(written).toEqual(plan);
});

it.each(['scratch', 'head'])(
  '%s, resumed with another number of threads, ends the same bit for bit',
  async (strategy) => {
    const settings = { strategy, epochs: 2, ...(strategy === 'scratch' && { weights: 'random' }) };
    const [one, three] = await Promise.all(
      [1, 3].map((threads) => createOnnxEngine({ device: 'cpu', threads })),
    );
    if (one === undefined || three === undefined) throw new Error('no engines');
    vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache-one'));
    await run(`whole-${strategy}`, settings, false, { engine: one });
    const controller = new AbortController();
    // A solved head takes no steps: it is interrupted between two images.
    const isLate = (event: RunEvent) =>
      event.type === 'step' || (event.type === 'progress' && event.task === 'features');
    const onEvent = (event: RunEvent) => isLate(event) && controller.abort();
    // Its features are computed with another number of threads, too.
    vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache-three'));
    const broken = run(`broken-${strategy}`, settings, false, {
      engine: three,
      onEvent,
      signal: controller.signal,
    });
    await expect(broken).rejects.toMatchObject({ kind: 'interrupted' });
    await run(`broken-${strategy}`, settings, true, { engine: one });
    const [whole, resumed] = await Promise.all(
      ['whole', 'broken'].map((name) =>
        readSafetensors(join(home, `${name}-${strategy}`, 'model', 'model.safetensors')),
      ),
    );
    expect(whole?.tensors.size).toBeGreaterThan(0);
    expect(changedNames(whole?.tensors ?? new Map(), resumed?.tensors ?? new Map())).toEqual([]);
  },
);

it('a run that was killed among its exports writes those that are missing', async () => {
  const settings = {
    strategy: 'scratch',
    weights: 'random',
    export: ['safetensors', 'pytorch', 'onnx-plain'],
  };
  await run('exports', settings);
  const model = join(home, 'exports', 'model');
  await rm(join(model, 'onnx-plain'), { recursive: true });
  await run('exports', settings, true);
  expect(await readdir(model)).toEqual(expect.arrayContaining(['pytorch', 'onnx-plain']));
  await writeFile(join(model, 'pytorch', 'notes.txt'), 'mine');
  await expect(run('exports', settings, true)).rejects.toMatchObject({
    kind: 'usage',
    details: { found: 'notes.txt' },
  });
});

it('a run that was killed before it had written its split divides its images', async () => {
  const settings = { strategy: 'scratch', weights: 'random' };
  await run('begun', settings);
  const split = join(home, 'begun', 'split.json');
  const text = await readFile(split, 'utf8');
  for (const name of ['split.json', 'plan.json', 'checkpoints', 'model', 'metrics.json']) {
    await rm(join(home, 'begun', name), { recursive: true });
  }
  await run('begun', settings, true);
  expect(await readFile(split, 'utf8')).toBe(text);
});

it('a checkpoint of another network is refused, whole as it is', async () => {
  const settings = { strategy: 'scratch', weights: 'random' };
  await run('other', { ...settings, image: { size: 32 }, head: { kind: 'mlp' } });
  await run('mixed', settings);
  const last = (name: string) => join(home, name, 'checkpoints', 'last.safetensors');
  await copyFile(last('other'), last('mixed'));
  await expect(run('mixed', settings, true)).rejects.toMatchObject({
    kind: 'data',
    message: `${last('mixed')} does not belong to this run`,
    details: { where: last('mixed'), fix: expect.stringContaining('--overwrite') },
  });
});
