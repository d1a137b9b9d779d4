import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openOnnxRunner } from '../../src/engines/onnx/session-file.ts';
import { largestDifference } from '../../src/export/compare.ts';
import type { Exporter, ExportServices } from '../../src/export/exporter.ts';
import { exporter as keras } from '../../src/export/keras.ts';
import { exporter as dense } from '../../src/export/onnx-dense.ts';
import { withoutPreprocessing, withPreprocessing } from '../../src/export/onnx-plain.ts';
import { pixelsFunction } from '../../src/export/python-image.ts';
import { exporter as pytorch, torchNames } from '../../src/export/pytorch.ts';
import { readme } from '../../src/export/readme.ts';
import { exporter as savedModel } from '../../src/export/saved-model.ts';
import { savedModelOf } from '../../src/export/saved-model-graph.ts';
import { exporter as tfjs } from '../../src/export/tfjs.ts';
import { openSavedModelGraph } from '../../src/export/tfjs-graph.ts';
import { openTfjsModel } from '../../src/export/tfjs-run.ts';
import { decodeOnnx } from '../../src/formats/onnx-proto.ts';
import type { Quantization } from '../../src/formats/tfjs-layers.ts';
import { CASES, expectedOf, exportModelOf, LABELS, pictures } from './models.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-export-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const unused = () => Promise.reject(new Error('not needed'));
const services: ExportServices = {
  emit: () => {},
  calibrationImages: unused,
  activations: unused,
  runOnnx: unused,
};

function write(exporter: Exporter, name: string, quantize: Quantization = 'none') {
  const model = exportModelOf(name);
  return exporter.write({ model, folder, quantize, description: {}, services });
}

describe.each(Object.keys(CASES))('%s', (name) => {
  const model = exportModelOf(name);
  const { size } = model.network.preprocessing;
  const images = pictures(size, 2);
  let expected: Float32Array[];
  beforeAll(async () => {
    expected = await expectedOf(model, images);
  });

  it('gives the same in TensorFlow.js', async () => {
    await write(tfjs, name);
    const runner = await openTfjsModel(join(folder, 'model.json'));
    for (const [i, image] of images.entries()) {
      expect(largestDifference(await runner.run(image, 1), expected[i] ?? [])).toBeLessThan(1e-5);
    }
    runner.release();
  });

  it('gives the same as a graph of TensorFlow, run by TensorFlow.js', async () => {
    await write(savedModel, name);
    const runner = await openSavedModelGraph(folder);
    for (const [i, image] of images.entries()) {
      expect(largestDifference(await runner.run(image, 1), expected[i] ?? [])).toBeLessThan(1e-5);
    }
    runner.release();
  });

  it.each([
    ['as it is', withPreprocessing],
    ['fully convolutional, at the size of the training', dense],
  ])('gives the same in ONNX Runtime, %s', async (_form, exporter) => {
    await write(exporter, name);
    const runner = await openOnnxRunner(join(folder, 'model.onnx'), { device: 'cpu', threads: 1 });
    for (const [i, image] of images.entries()) {
      const found = (await runner.run(image, [1, size, size, 3])).get('probabilities');
      expect(largestDifference(found?.data ?? [], expected[i] ?? [])).toBeLessThan(1e-5);
    }
    await runner.release();
  });

  it.each([
    ['Keras', keras],
    ['PyTorch', pytorch],
  ])('comes back from the %s file bit for bit', async (_form, exporter) => {
    await write(exporter, name);
    if (exporter.check.by !== 'reader') throw new Error('read by a reader');
    const tensors = await exporter.check.read(folder, model);
    expect([...tensors.keys()].sort()).toEqual([...model.weights.keys()].sort());
    for (const [key, { shape, data }] of model.weights) {
      expect(tensors.get(key)?.shape, key).toEqual(shape);
      expect(
        data.every((value, i) => value === tensors.get(key)?.data[i]),
        key,
      ).toBe(true);
    }
  });
});

it('ONNX without preprocessing takes what the preprocessing makes', async () => {
  await write(withoutPreprocessing, 'mlp, BGR, no batch norm');
  const model = exportModelOf('mlp, BGR, no batch norm');
  const { size, mean } = model.network.preprocessing;
  const [image = new Uint8Array()] = pictures(size, 1);
  // By hand: BGR planes less the mean of each.
  const planes = [2, 1, 0].flatMap((channel, at) =>
    Array.from({ length: size * size }, (_, i) => (image[3 * i + channel] ?? 0) - (mean[at] ?? 0)),
  );
  const runner = await openOnnxRunner(join(folder, 'model.onnx'), { device: 'cpu', threads: 1 });
  const found = await runner.run(Float32Array.from(planes), [1, 3, size, size]);
  const [expected = []] = await expectedOf(model, [image]);
  expect(largestDifference(found.get('probabilities')?.data ?? [], expected)).toBeLessThan(1e-5);
  await runner.release();
});

it('ONNX holds standard operators alone, with the batch open', async () => {
  await write(withPreprocessing, 'vgg, averaged from 3x3');
  const model = decodeOnnx(await readFile(join(folder, 'model.onnx')));
  expect(model.opsets).toEqual({ '': 17 });
  expect(new Set(model.nodes.map(({ domain }) => domain))).toEqual(new Set(['']));
  expect(model.inputs[0]?.shape).toEqual(['batch', 96, 96, 3]);
  expect(JSON.parse(model.metadata.labels ?? '')).toEqual(LABELS);
});

it('names torchvision has for vgg16 are these', () => {
  const { network } = exportModelOf('vgg');
  const names = torchNames(network);
  expect(names.get('conv1_1.weight')).toBe('features.0.weight');
  expect(names.get('bn1_1.running_mean')).toBe('features.1.running_mean');
  expect(names.get('fc6.bias')).toBe('classifier.0.bias');
  expect(names.get('fc7.weight')).toBe('classifier.3.weight');
  expect(names.get('fc8.weight')).toBe('classifier.6.weight');
});

describe('TensorFlow.js with fewer bits', () => {
  it.each([
    ['float16', 2, 0.01],
    ['uint8', 4, 0.15],
  ] as const)('%s is that much smaller and nearly the same', async (quantize, times, tolerance) => {
    const bytes = async () => {
      const shards = (await readdir(folder)).filter((name) => name.endsWith('.bin'));
      const files = await Promise.all(shards.map((name) => readFile(join(folder, name))));
      return files.reduce((sum, file) => sum + file.length, 0);
    };
    await write(tfjs, 'vgg', quantize);
    const model = exportModelOf('vgg');
    const all = [...model.weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(all / (await bytes())).toBeGreaterThan(times * 0.97);
    const images = pictures(64, 3);
    const expected = await expectedOf(model, images);
    const runner = await openTfjsModel(join(folder, 'model.json'));
    const differences: number[] = [];
    for (const [i, image] of images.entries()) {
      differences.push(largestDifference(await runner.run(image, 1), expected[i] ?? []));
    }
    expect(Math.max(...differences)).toBeLessThan(tolerance);
    expect(Math.max(...differences)).toBeGreaterThan(1e-6);
  });
});

it('no label, name or provenance is more than a text in a README', async () => {
  const evil =
    '```\n\n# Injected heading\n\n<script>alert(1)</script> ![x](http://x/y) \u001b[2J\u202e';
  const model = exportModelOf('linear');
  const text = readme(
    {
      ...model,
      labels: ['ant_1', evil, 'a`b', ''],
      run: { ...model.run, name: `photos ${evil}`, strategy: evil, metrics: { 'a | b': 1 } },
      provenance: { [evil]: evil, url: 'https://x.example/vgg16.tv_in1k/a?b=1&c' },
    },
    { title: 'ONNX', inside: 'nothing', body: '' },
  );
  expect(text.match(/^#+ .*$/gm)).toEqual([
    expect.stringMatching(/^# photos .*: ONNX$/),
    '## Load it',
    '## Preprocessing',
    '## Figures',
    '## Provenance of the backbone',
  ]);
  expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
  // What is left of the tag stands in a code span, whose backticks are more than those in it.
  const paragraph = text.split('\n')[2];
  expect(paragraph).toContain('4 classes: `ant_1`, ```` ```\ufffd# Injected heading');
  expect(paragraph).toContain('`` a`b ``');
  expect(text.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '')).not.toMatch(/<script|!\[x\]/);
  expect(text).toContain('- url: https://x.example/vgg16.tv_in1k/a?b=1&amp;c');
  expect(text).toContain('| a \\| b | 1 |');
});

it('every README says how to load the model, its figures and its licence', async () => {
  for (const exporter of [keras, pytorch, savedModel, tfjs]) {
    const { readme, card } = await write(exporter, 'linear');
    expect(readme).toMatch(/```(js|python)/);
    // PyTorch's own way of cutting is in load.py; how an image is decoded is said in the same words everywhere.
    expect(readme.split(pixelsFunction(exportModelOf('linear'))).length - 1).toBe(1);
    expect(readme).toContain('| accuracy | 0.875 |');
    expect(readme).toContain('licence: BSD-3-Clause');
    expect(card).toMatchObject({ labels: LABELS, provenance: { licence: 'BSD-3-Clause' } });
  }
});

it('a SavedModel has the signature, the labels as an asset, and is refused when damaged', async () => {
  await write(savedModel, 'vgg, averaged from 3x3');
  expect(await readFile(join(folder, 'assets', 'labels.txt'), 'utf8')).toBe(
    LABELS.map((label) => `${label}\n`).join(''),
  );
  const evil = { ...exportModelOf('linear'), labels: ['a\nb', 'c', 'd', 'e', 'f'] };
  expect(savedModelOf(evil).assets?.['labels.txt']).toBe('a b\nc\nd\ne\nf\n');
  const path = join(folder, 'saved_model.pb');
  const whole = await readFile(path);
  expect(whole.includes('serving_default')).toBe(true);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  await expect(openSavedModelGraph(folder)).rejects.toMatchObject({ kind: 'data' });
});

it('a damaged Keras file is no Keras file', async () => {
  await write(keras, 'linear');
  const path = join(folder, 'model.keras');
  const whole = await readFile(path);
  const model = exportModelOf('linear');
  const read = () => (keras.check.by === 'reader' ? keras.check.read(folder, model) : undefined);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  await expect(read()).rejects.toMatchObject({ kind: 'data' });
});
