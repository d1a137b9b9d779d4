import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NamedTensors } from '../../../src/base/tensor.ts';
import type { ConfigSource } from '../../../src/config/resolve.ts';
import { Settings } from '../../../src/config/settings.ts';
import { decodeBatches } from '../../../src/dataset/batches.ts';
import { openEngine } from '../../../src/engines/index.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { boundaryBehind } from '../../../src/network/boundary.ts';
import { loadModel } from '../../../src/pipeline/prepare/trained-model.ts';
import { train } from '../../../src/pipeline/train.ts';
import { testStorage } from '../../storage.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

const quiet = { signal: new AbortController().signal, emit: () => {} };
let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(8, join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function trained(name: string, more: ConfigSource['values'] = {}) {
  const values = {
    ...{ data: join(home, 'pictures'), out: join(home, name), backbone: 'vgg-nano' },
    ...{ strategy: 'head', head: { kind: 'levels', fit: 'steps' }, epochs: 2, cache: false },
    ...{ split: { val: 0, test: 0 } },
    ...more,
  } as const;
  const record = await train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    ...quiet,
  });
  const file = join(home, name, 'model', 'model.safetensors');
  return { record, weights: (await readSafetensors(file)).tensors };
}

const valuesOf = (weights: NamedTensors, name: string) => weights.get(name)?.data ?? [];

it("the batch norm of levels has the means and the levels' variances of the training images, and stays so", async () => {
  const { record, weights } = await trained('once');
  expect(record.plan.trained).toEqual(['fc8']);
  const { network, decode } = await loadModel(join(home, 'once'));
  const images = record.split.train.map(({ path }) => ({ path, hash: '' }));
  expect(images).toHaveLength(24);
  const taps = ['pool3', 'pool4', 'pool5'].map((name) => boundaryBehind(network, name));
  const engine = await openEngine('onnx', 'cpu', quiet);
  const to = Math.max(...taps);
  const program = await engine.compileForward({
    network,
    weights,
    from: 0,
    to,
    taps,
    batchSize: 24,
  });
  const rows: number[][] = Array.from({ length: 24 }, () => []);
  const root = join(home, 'pictures');
  for await (const batch of decodeBatches({ root, images, spec: decode, batchSize: 24 })) {
    const maps = await program.runTaps(batch.pixels, batch.indices.length);
    maps.forEach((map, at) => {
      const [channels = 0, height = 0, width = 0] = network.shapes[(taps[at] ?? 1) - 1] ?? [];
      for (let i = 0; i < 24 * channels; i++) {
        const cells = map.subarray(i * height * width, (i + 1) * height * width);
        rows[Math.floor(i / channels)]?.push(cells.reduce((sum, x) => sum + x, 0) / cells.length);
      }
    });
  }
  await program.release();
  const means = valuesOf(weights, 'fc8_norm.running_mean');
  const variances = valuesOf(weights, 'fc8_norm.running_var');
  expect(means).toHaveLength(64 + 128 + 256);
  const wanted = Array.from(means, (_, channel) => {
    const values = rows.map((row) => row[channel] ?? 0);
    const mean = values.reduce((sum, x) => sum + x, 0) / 24;
    return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 24 };
  });
  wanted.forEach(({ mean }, channel) => {
    expect(means[channel]).toBeCloseTo(mean, 4);
  });
  for (const [start, end] of [
    [0, 64],
    [64, 192],
    [192, 448],
  ] as const) {
    const level = wanted.slice(start, end);
    const average = level.reduce((sum, { variance }) => sum + variance, 0) / level.length;
    for (const variance of variances.slice(start, end)) {
      expect(variance / average).toBeCloseTo(1, 4);
    }
  }
  expect([...valuesOf(weights, 'fc8_norm.weight')].every((value) => value === 1)).toBe(true);
});

it('a run from random weights has nothing to fit', async () => {
  const { weights } = await trained('random', { strategy: 'scratch', weights: 'random' });
  expect([...valuesOf(weights, 'fc8_norm.running_mean')].every((value) => value === 0)).toBe(true);
  expect([...valuesOf(weights, 'fc8_norm.running_var')].every((value) => value === 1)).toBe(true);
});

it('weights of a run go on: another data set has its own statistics', async () => {
  const { weights: before } = await trained('before');
  const file = join(home, 'before', 'model', 'model.safetensors');
  await pictureFolder(5, join(home, 'others'));
  const data = join(home, 'others');
  const { weights: after } = await trained('after', { data, weights: file });
  expect(valuesOf(after, 'conv5_2.weight')).toEqual(valuesOf(before, 'conv5_2.weight'));
  const name = 'fc8_norm.running_mean';
  expect(valuesOf(after, name)).not.toEqual(valuesOf(before, name));
});
