import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { type Shape, sizeOf } from '../../src/base/tensor.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openTensorFile, openTensorSource } from '../../src/formats/open.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import type { TensorFile } from '../../src/formats/tensor-file.ts';
import { buildNetwork } from '../../src/network/build.ts';
import type { BackboneName, HeadName } from '../../src/network/catalog.ts';
import { parameterShapes } from '../../src/network/parameters.ts';
import { TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import { describeWeights } from '../../src/weights/describe.ts';
import { swapChannels } from '../../src/weights/layout.ts';
import { loadWeights } from '../../src/weights/load.ts';
import { parsePreprocessing } from '../../src/weights/preprocessing-text.ts';
import { readWeights } from '../../src/weights/read.ts';
import { recognise } from '../../src/weights/recognise.ts';
import { testStorage } from '../storage.ts';
import { formulaWeights, narrowNetwork } from './narrow.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recognise-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function network(backbone: BackboneName, kind: HeadName = 'vgg', classes = 1000) {
  return buildNetwork({
    backbone,
    head: { kind, dropout: 0.5, hidden: 64 },
    classes,
    preprocessing: TORCHVISION_PREPROCESSING,
  });
}

/** A file of zeros that are made when they are read. */
function shapesFile(
  shapes: Iterable<readonly [string, Shape]>,
  metadata: Record<string, string> = {},
): TensorFile & { readonly reads: string[] } {
  const tensors = new Map([...shapes].map(([name, shape]) => [name, { shape, dtype: 'float32' }]));
  const reads: string[] = [];
  return {
    format: 'safetensors',
    where: 'some.file',
    tensors,
    metadata,
    reads,
    async read(name) {
      reads.push(name);
      const { shape } = tensors.get(name) ?? { shape: [] };
      return { shape, data: new Float32Array(sizeOf(shape)) };
    },
    close: async () => undefined,
  };
}

const full = (backbone: BackboneName) => [...parameterShapes(network(backbone))];

async function failure(work: () => Promise<unknown> | unknown): Promise<VggtuneError> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(VggtuneError);
    return error as VggtuneError;
  }
  throw new Error('nothing was thrown');
}

const keep = { keepHead: true, channels: 'rgb' } as const;
const fresh = { keepHead: false, channels: 'rgb' } as const;

describe('recognition', () => {
  test.each<BackboneName>(['vgg11', 'vgg13', 'vgg16', 'vgg19', 'vgg16_bn', 'vgg-nano'])(
    '%s by its tensors',
    (backbone) => {
      const found = recognise(
        shapesFile(full(backbone).filter(([name]) => !name.startsWith('fc'))),
      );
      expect(found).toMatchObject({ backbone, family: 'vggtune', folded: false, surplus: [] });
    },
  );

  test('wrappers, counters and slots are not surplus', () => {
    const names: [string, Shape][] = [0, 3, 6, 8, 11, 13, 16, 18].flatMap((n, i) => {
      const widths = [3, 64, 128, 256, 256, 512, 512, 512, 512];
      const [inputs = 0, outputs = 0] = widths.slice(i, i + 2);
      return [
        [`module.features.${n}.weight`, [outputs, inputs, 3, 3]],
        [`module.features.${n}.bias`, [outputs]],
      ];
    });
    const found = recognise(shapesFile([...names, ['aux.num_batches_tracked', []], ['x.y', [1]]]));
    expect(found).toMatchObject({ backbone: 'vgg11', family: 'torchvision', surplus: ['x.y'] });
    expect(found.preprocessing).toEqual(TORCHVISION_PREPROCESSING);
  });

  test.each<[string, string, [string, Shape][], RegExp]>([
    [
      'attention of channels',
      'features',
      [['features.2.fc.weight', [8, 64, 1, 1]]],
      /features.2.fc.weight" 8 x 64 x 1 x 1 among/,
    ],
    [
      'a norm of one block alone',
      'features',
      [
        ['features.4.weight', [64]],
        ['features.4.bias', [64]],
      ],
      /features.4.weight" 64, .* among/,
    ],
    [
      'a preprocessing as a convolution',
      'net',
      [
        ['net.0.weight', [3, 3, 1, 1]],
        ['net.0.bias', [3]],
      ],
      /net.0.weight" 3 x 3 x 1 x 1.* in front/,
    ],
  ])('%s in a VGG is no VGG', (_, prefix, extra, found) => {
    const numbers = [1, 3, 6, 8, 11, 13, 15, 18, 20, 22, 25, 27, 29];
    const convolutions = full('vgg16').filter(([name]) => name.startsWith('conv'));
    const renamed = convolutions.map(([name, shape], at): [string, Shape] => [
      `${prefix}.${numbers[Math.floor(at / 2)]}.${name.split('.')[1]}`,
      shape,
    ]);
    expect(recognise(shapesFile(renamed)).backbone).toBe('vgg16');
    const error = (() => {
      try {
        return recognise(shapesFile([...renamed, ...extra]));
      } catch (thrown) {
        return thrown;
      }
    })();
    expect((error as VggtuneError).details.found).toMatch(found);
  });

  test.each([
    ['a ResNet', { 'conv1.weight': [64, 3, 7, 7], 'layer1.0.conv1.weight': [64, 64, 3, 3] }],
    ['a DenseNet', { 'features.denseblock1.denselayer1.conv1.weight': [128, 64, 1, 1] }],
    ['a MobileNet', { 'features.0.0.weight': [32, 3, 3, 3] }],
    ['a vision transformer', { 'blocks.0.attn.qkv.weight': [192, 64] }],
    ['an AlexNet', { 'features.0.weight': [64, 3, 11, 11], 'features.3.weight': [192, 64, 5, 5] }],
    ['an unknown network', { something: [3] }],
  ])('what is no VGG: %s', async (name, shapes) => {
    const error = await failure(() => recognise(shapesFile(Object.entries(shapes))));
    expect(error.details.found).toContain(name);
    expect(error.exitCode).toBe(3);
  });

  test('a folded export of vgg-nano is read as vgg-nano', async () => {
    const shapes = full('vgg-nano').filter(([name]) => !name.startsWith('bn'));
    const file = shapesFile(shapes, { backbone: 'vgg-nano' });
    const found = recognise(file);
    expect(found).toMatchObject({ backbone: 'vgg-nano', folded: true });
    const nano = network('vgg-nano', 'linear');
    const { weights } = await readWeights(file, found, { network: nano, options: fresh });
    const layer = nano.layers[1];
    const variance = weights.get('bn1_1.running_var')?.data[0] ?? 0;
    if (layer?.kind !== 'batchnorm') throw new Error('no batch norm');
    expect(Math.fround(1 / Math.sqrt(variance + layer.epsilon))).toBe(1);
  });
});

describe('the wrong file', () => {
  const attempt = (wanted: BackboneName, given: BackboneName) => {
    const file = shapesFile(full(given));
    const request = { network: network(wanted, 'linear', 5), options: fresh };
    return readWeights(file, recognise(file), request);
  };

  test.each<[BackboneName, BackboneName]>([
    ['vgg16', 'vgg19'],
    ['vgg19', 'vgg16'],
    ['vgg16', 'vgg16_bn'],
    ['vgg16_bn', 'vgg16'],
    ['vgg16', 'vgg-nano'],
  ])('%s is wanted and %s given', async (wanted, given) => {
    const error = await failure(() => attempt(wanted, given));
    expect(error.details.expected).toBe(wanted);
    expect(error.details.found).toContain(`looks like ${given}`);
    expect(error.details.fix).toContain(`--backbone ${given}`);
  });

  test('a head with other classes is kept by nobody', async () => {
    const file = shapesFile(full('vgg16'));
    const found = recognise(file);
    const wanted = network('vgg16', 'vgg', 7);
    const error = await failure(() => readWeights(file, found, { network: wanted, options: keep }));
    expect(error.details.expected).toContain('7 classes');
    expect(error.details.found).toContain('1000 classes');
    expect(file.reads).toEqual([]);
    // Without keeping it, the hidden layers are taken and the output layer is not.
    const { weights } = await readWeights(file, found, { network: wanted, options: fresh });
    expect(weights.has('fc7.weight')).toBe(true);
    expect(weights.has('fc8.weight')).toBe(false);
  });

  test('only what is needed is read', async () => {
    const file = shapesFile(full('vgg16'));
    const request = { network: network('vgg16', 'mlp', 7), options: fresh };
    await readWeights(file, recognise(file), request);
    expect(file.reads).toHaveLength(26);
    expect(file.reads.every((name) => name.startsWith('conv'))).toBe(true);
  });
});

describe('files', () => {
  test('the format is that of the content, whatever the name', async () => {
    const path = join(folder, 'weights.pth');
    await writeSafetensors(path, new Map([['x', { shape: [1], data: new Float32Array(1) }]]));
    const file = await openTensorFile(path);
    expect(file.format).toBe('safetensors');
    await file.close();
  });

  test.each<[string, string | Uint8Array]>([
    ['an empty file', ''],
    ['a web page', '<!DOCTYPE html><html>'],
    ['Git LFS', 'version https://git-lfs.github.com/spec/v1\n'],
    ['starts with 4749463839', 'GIF89a'],
  ])('what is no weights file: %s', async (found, content) => {
    const path = join(folder, 'no-weights.safetensors');
    await writeFile(path, content);
    const error = await failure(() => openTensorFile(path));
    expect(error.details.found).toContain(found);
  });

  test('random bytes of any length and start give typed errors', async () => {
    const magic = fc.constantFrom(
      [],
      [...Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')],
      [0x50, 0x4b, 3, 4],
      [0x80, 2],
      [8, 8, 0x12, 4],
      [40, 0, 0, 0, 0, 0, 0, 0, 0x7b],
    );
    const bytes = fc.tuple(magic, fc.uint8Array({ maxLength: 500 }));
    await fc.assert(
      fc.asyncProperty(bytes, async ([start, rest]) => {
        const source = memorySource(Uint8Array.from([...start, ...rest]));
        const file = await openTensorSource(source).catch((error: unknown) => {
          if (!(error instanceof VggtuneError)) throw error;
        });
        if (file !== undefined) for (const name of file.tensors.keys()) await file.read(name);
      }),
      { numRuns: 1000 },
    );
  });

  test('describe', async () => {
    const path = join(folder, 'described');
    const vgg = narrowNetwork('vgg11');
    const weights = new Map(formulaWeights(vgg));
    weights.set('extra', { shape: [2], data: new Float32Array(2) });
    weights.delete('fc8.bias');
    const preprocessing = { ...TORCHVISION_PREPROCESSING, size: 96, resize: 96 };
    await writeSafetensors(path, weights, { preprocessing: JSON.stringify(preprocessing) });
    const described = await describeWeights(path);
    expect(described).toMatchObject({
      format: 'safetensors',
      family: 'vggtune',
      backbone: undefined,
      structure: 'a VGG with 1, 1, 2, 2, 2 convolutions of 4, 8, 8, 8, 8 channels',
      classes: 10,
      preprocessing,
      missing: ['fc8.bias'],
      surplus: ['extra'],
    });
    expect(described.tensors.at(0)).toEqual({
      name: 'conv1_1.weight',
      canonical: 'conv1_1.weight',
      dtype: 'float32',
      shape: [4, 3, 3, 3],
    });
  });

  test('describe finds what is missing of the nearest network', async () => {
    const path = join(folder, 'incomplete');
    const nano = network('vgg-nano', 'linear', 3);
    const weights = [...parameterShapes(nano)]
      .filter(([name]) => name !== 'conv5_2.bias')
      .map(([name, shape]) => [name, { shape, data: new Float32Array(sizeOf(shape)) }] as const);
    await writeSafetensors(path, new Map(weights));
    const { backbone, missing } = await describeWeights(path);
    expect({ backbone, missing }).toEqual({ backbone: undefined, missing: ['conv5_2.bias'] });
  });
});

describe('loading', () => {
  test('random weights say so', async () => {
    const nano = network('vgg-nano', 'linear', 3);
    const loaded = await loadWeights({
      network: nano,
      source: 'random',
      storage: testStorage(),
      seed: 4,
    });
    expect(loaded.provenance.source).toContain('seed 4');
    expect(loaded.preprocessing).toBeUndefined();
    expect(loaded.newLayers.has('conv1_1')).toBe(true);
  });

  test('the head starts anew, the same for the same seed', async () => {
    const path = join(folder, 'narrow');
    const given = narrowNetwork('vgg11');
    await writeSafetensors(path, formulaWeights(given));
    const wanted = narrowNetwork('vgg11', 4);
    const events: string[] = [];
    const load = () =>
      loadWeights({
        network: wanted,
        source: path,
        storage: testStorage(),
        seed: 9,
        emit: (event) => events.push(event.type === 'warning' ? event.code : event.type),
      });
    const loaded = await load();
    expect([...loaded.newLayers]).toEqual(['fc8']);
    expect([...loaded.weights.keys()]).toEqual([...parameterShapes(wanted).keys()]);
    expect(loaded.weights.get('fc7.weight')).toEqual(formulaWeights(given).get('fc7.weight'));
    expect((await load()).weights).toEqual(loaded.weights);
    expect(events[0]).toBe('preprocessing-unknown');
  });

  test('a file that is not there', async () => {
    const source = join(folder, 'none');
    const request = { network: network('vgg-nano'), source, storage: testStorage(), seed: 0 };
    expect((await failure(() => loadWeights(request))).message).toContain('there is no file');
  });
});

describe('preprocessing', () => {
  test.each([
    '',
    'null',
    '{"channels":"rgb"}',
    JSON.stringify({ ...TORCHVISION_PREPROCESSING, std: [1, 0, 1] }),
    JSON.stringify({ ...TORCHVISION_PREPROCESSING, size: 1e9 }),
    JSON.stringify({ ...TORCHVISION_PREPROCESSING, mean: [1, 2] }),
  ])('%s is refused', (text) => {
    expect(() => parsePreprocessing(text, 'x')).toThrow(VggtuneError);
  });

  test('channels are swapped whole, and twice is not at all', () => {
    const kernel = { shape: [2, 3, 1, 2], data: Float32Array.from({ length: 12 }, (_, i) => i) };
    const swapped = swapChannels(kernel);
    expect([...swapped.data]).toEqual([4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7]);
    expect(swapChannels(swapped)).toEqual(kernel);
  });
});
