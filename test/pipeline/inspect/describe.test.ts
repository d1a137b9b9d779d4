import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toMetadata } from '../../../src/export/metadata.ts';
import { writeSafetensors } from '../../../src/formats/safetensors.ts';
import { buildNetwork } from '../../../src/network/build.ts';
import { plainPreprocessing } from '../../../src/network/preprocessing.ts';
import { describe } from '../../../src/pipeline/inspect/describe.ts';
import { writeRecord } from '../../../src/run/run-records.ts';
import { runPaths } from '../../../src/run/store.ts';
import { randomWeights } from '../../../src/weights/initialise.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';

const folder = useTemporaryFolder();

const preprocessing = plainPreprocessing(64);
const head = { kind: 'linear', dropout: 0.2, hidden: 256 } as const;
const nano = buildNetwork({ backbone: 'vgg-nano', head, classes: 3, preprocessing });
const metadata = toMetadata({
  backbone: 'vgg-nano',
  head,
  labels: ['a', 'b', 'c'],
  preprocessing,
  background: '#ffffff',
});

async function model(path: string, withMetadata: boolean) {
  await writeSafetensors(path, randomWeights(nano, 0), withMetadata ? metadata : {});
}

test('a network by name is that of the paper', async () => {
  const found = await describe({ subject: 'vgg16' });
  expect(found.totals.parameters).toBe(138_357_544);
  expect(found.input).toEqual([3, 224, 224]);
  expect(found.comparison).toBeUndefined();
  const linear = await describe({ subject: 'vgg16', head: 'linear', classes: 10, size: 96 });
  expect(linear.totals.parameters).toBe(14_714_688 + 512 * 10 + 10);
  expect(linear.layers[0]?.output).toEqual([64, 96, 96]);
});

test('AlexNet and the comparison of kernels', async () => {
  const found = await describe({ subject: 'alexnet', compare: 64 });
  expect(found.totals.parameters).toBe(60_965_224);
  expect(found.what).toContain('two groups');
  expect(found.comparison?.kernels[1]?.one.weights).toBe(49 * 64 * 64);
});

test('a run shows what it trained', async () => {
  const run = join(folder(), 'run');
  await mkdir(join(run, 'model'), { recursive: true });
  await model(join(run, 'model', 'model.safetensors'), true);
  await writeRecord(runPaths(run), 'plan', {
    version: 1,
    strategy: 'head',
    evidence: [],
    frozen: [],
    trained: ['fc8'],
    parameters: { total: 1, trained: 1 },
  });
  const found = await describe({ subject: run });
  expect(found.what).toContain('strategy head');
  expect(found.totals.trained).toBe(256 * 3 + 3);
});

test('a run without a model yet, and what is nothing at all, are refused', async () => {
  const run = join(folder(), 'run');
  await mkdir(run);
  await expect(describe({ subject: run })).rejects.toMatchObject({ exitCode: 2 });
  await expect(describe({ subject: 'vgg16-bn' })).rejects.toMatchObject({
    exitCode: 2,
    details: { fix: 'did you mean "vgg16_bn"?' },
  });
  await writeFile(join(folder(), 'no.txt'), 'hello there');
  await expect(describe({ subject: join(folder(), 'no.txt') })).rejects.toMatchObject({
    exitCode: 3,
  });
});

test('a model file tells by itself, and so do bare weights', async () => {
  await model(join(folder(), 'model.safetensors'), true);
  const own = await describe({ subject: join(folder(), 'model.safetensors') });
  expect(own.what).toContain('3 classes');
  await model(join(folder(), 'bare.safetensors'), false);
  const bare = await describe({ subject: join(folder(), 'bare.safetensors') });
  expect(bare.what).toContain('vgg-nano');
  expect(bare.totals).toEqual(own.totals);
});
