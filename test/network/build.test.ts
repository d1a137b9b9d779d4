import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { blockOf, boundaryAfter } from '../../src/network/boundary.ts';
import { buildNetwork } from '../../src/network/build.ts';
import type { BackboneName, HeadName } from '../../src/network/catalog.ts';
import { networkCost } from '../../src/network/cost.ts';
import { isStatistic, parameterShapes } from '../../src/network/parameters.ts';
import { plainPreprocessing, TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import { receptiveFields } from '../../src/network/receptive-field.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';

function build(backbone: BackboneName, kind: HeadName, size = 224, classes = 1000): NetworkSpec {
  const preprocessing = { ...TORCHVISION_PREPROCESSING, size };
  return buildNetwork({
    backbone,
    head: { kind, dropout: 0.5, hidden: 100 },
    classes,
    preprocessing,
  });
}

const total = (network: NetworkSpec, key: 'parameters' | 'macs', end?: number) =>
  networkCost(network)
    .slice(0, end)
    .reduce((sum, layer) => sum + layer[key], 0);

const names = (network: NetworkSpec) => network.layers.map((layer) => layer.name);

describe('published counts', () => {
  test.each<[BackboneName, number]>([
    ['vgg11', 132_863_336],
    ['vgg13', 133_047_848],
    ['vgg16', 138_357_544],
    ['vgg19', 143_667_240],
    ['vgg16_bn', 138_365_992],
    ['vgg19_bn', 143_678_248],
  ])('%s has %i parameters', (backbone, parameters) => {
    expect(total(build(backbone, 'vgg'), 'parameters')).toBe(parameters);
  });

  test.each<[BackboneName, number]>([
    ['vgg16', 14_714_688],
    ['vgg19', 20_024_384],
  ])('%s without its classifier has %i', (backbone, parameters) => {
    const network = build(backbone, 'vgg');
    expect(total(network, 'parameters', network.headStart)).toBe(parameters);
  });

  test('the convolutions of VGG16 take 15.35 G multiply-adds', () => {
    const network = build('vgg16', 'linear');
    expect(total(network, 'macs', network.headStart)).toBe(15_346_630_656);
  });

  test('the pools of VGG16 see 6, 16, 44, 100 and 212 pixels', () => {
    const pools = receptiveFields(build('vgg16', 'linear')).filter(({ name }) =>
      /^pool/.test(name),
    );
    expect(pools.map(({ size }) => size)).toEqual([6, 16, 44, 100, 212]);
    expect(pools.map(({ stride }) => stride)).toEqual([2, 4, 8, 16, 32]);
  });

  test('vgg-nano stays small', () => {
    const network = build('vgg-nano', 'linear', 64);
    expect(total(network, 'parameters')).toBeLessThan(1_500_000);
    expect(total(network, 'macs')).toBeLessThan(50e6);
    expect(network.shapes[network.headStart - 1]).toEqual([256, 2, 2]);
  });
});

describe('heads', () => {
  test('linear, levels, mlp and vgg have their layers', () => {
    const head = (kind: HeadName, size?: number) => {
      const network = build('vgg11', kind, size);
      return names(network).slice(network.headStart);
    };
    expect(head('linear')).toEqual(['gap', 'dropout7', 'fc8']);
    expect(head('levels')).toEqual(['levels', 'fc8_norm', 'flatten', 'dropout7', 'fc8']);
    expect(head('mlp')).toEqual(['gap', 'fc7', 'relu7', 'dropout7', 'fc8']);
    const classifier = ['flatten', 'fc6', 'relu6', 'dropout6', 'fc7', 'relu7', 'dropout7', 'fc8'];
    expect(head('vgg')).toEqual(classifier);
    expect(head('vgg', 320)).toEqual(['avgpool', ...classifier]);
  });

  test('levels reads the last three pools, whatever the size', () => {
    for (const size of [224, 80, 32]) {
      const network = build('vgg11', 'levels', size);
      expect(network.shapes[network.headStart]).toEqual([256 + 512 + 512, 1, 1]);
    }
  });

  test('the vgg head is 4096 wide, and as wide as asked for on vgg-nano', () => {
    expect(parameterShapes(build('vgg11', 'vgg')).get('fc7.weight')).toEqual([4096, 4096]);
    expect(parameterShapes(build('vgg-nano', 'vgg', 64)).get('fc6.weight')).toEqual([100, 1024]);
    expect(parameterShapes(build('vgg11', 'mlp')).get('fc7.weight')).toEqual([100, 512]);
  });

  test('linear and mlp take any size from 32 up', () => {
    expect(build('vgg16', 'linear', 32).shapes.at(-1)).toEqual([1000]);
    expect(build('vgg16', 'mlp', 97).shapes[build('vgg16', 'mlp', 97).headStart - 1]).toEqual([
      512, 3, 3,
    ]);
  });

  test('an input that is too small is refused, and the heads that take it are named', () => {
    expect(() => build('vgg16', 'linear', 31)).toThrow(VggtuneError);
    expect(() => build('vgg16', 'linear', 100.5)).toThrow(VggtuneError);
    try {
      build('vgg16', 'vgg', 192);
      expect.unreachable();
    } catch (error) {
      expect((error as VggtuneError).details.fix).toContain('linear, levels or mlp');
    }
  });
});

describe('parameters', () => {
  test('batch norm has two statistics a layer', () => {
    const shapes = [...parameterShapes(build('vgg16_bn', 'linear'))];
    const statistics = shapes.filter(([name]) => isStatistic(name));
    expect(statistics).toHaveLength(26);
    expect(statistics[0]).toEqual(['bn1_1.running_mean', [64]]);
    expect(shapes.slice(0, 2)).toEqual([
      ['conv1_1.weight', [64, 3, 3, 3]],
      ['conv1_1.bias', [64]],
    ]);
  });
});

describe('boundaries', () => {
  const at = (network: NetworkSpec, name: string) =>
    network.layers[boundaryAfter(network, name)]?.name;

  test('lie where the activations are smallest', () => {
    const network = build('vgg16', 'linear');
    expect(at(network, 'none')).toBe('conv1_1');
    expect(at(network, 'conv4_3')).toBe('conv5_1');
    expect(at(network, 'conv4_2')).toBe('conv4_3');
    expect(at(network, 'block4')).toBe('conv5_1');
    expect(at(network, 'pool5')).toBe('dropout7');
    expect(at(build('vgg16', 'vgg'), 'pool5')).toBe('fc6');
    expect(at(build('vgg16', 'vgg', 320), 'pool5')).toBe('fc6');
    expect(at(build('vgg16', 'vgg'), 'fc7')).toBe('dropout7');
  });

  test("a convolution's batch norm is frozen with it", () => {
    expect(at(build('vgg16_bn', 'linear'), 'conv2_1')).toBe('conv2_2');
  });

  test('what cannot be a boundary is refused', () => {
    const network = build('vgg16', 'linear');
    expect(() => boundaryAfter(network, 'conv6_1')).toThrow(/no layer "conv6_1"/);
    expect(() => boundaryAfter(network, 'head')).toThrow(VggtuneError);
    expect(() => boundaryAfter(network, 'fc8')).toThrow(/nothing to train/);
  });

  test('each layer is in its block', () => {
    const network = build('vgg16_bn', 'vgg');
    const blocks = new Map(network.layers.map((layer) => [layer.name, blockOf(layer)]));
    expect(blocks.get('bn3_2')).toBe('block3');
    expect(blocks.get('pool5')).toBe('block5');
    expect(blocks.get('relu6')).toBe('head');
    expect(blocks.get('flatten')).toBe('head');
  });
});

test('a plain preprocessing sets the size', () => {
  const network = buildNetwork({
    backbone: 'vgg-nano',
    head: { kind: 'linear', dropout: 0, hidden: 1 },
    classes: 3,
    preprocessing: plainPreprocessing(96),
  });
  expect(network.shapes[0]).toEqual([16, 96, 96]);
});
