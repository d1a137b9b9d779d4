import { describe, expect, test } from 'vitest';
import { ALEXNETS, alexNetTable, alexNetWindows } from '../../src/network/alexnet.ts';
import { buildNetwork } from '../../src/network/build.ts';
import type { BackboneName } from '../../src/network/catalog.ts';
import { compareKernels } from '../../src/network/kernels.ts';
import { layerTable, totalsOf } from '../../src/network/layer-table.ts';
import { TORCHVISION_PREPROCESSING } from '../../src/network/preprocessing.ts';
import { backboneWindows, receptiveFieldSteps } from '../../src/network/receptive-field.ts';

function published(backbone: BackboneName) {
  return buildNetwork({
    backbone,
    head: { kind: 'vgg', dropout: 0.5, hidden: 1 },
    classes: 1000,
    preprocessing: TORCHVISION_PREPROCESSING,
  });
}

describe('table of layers', () => {
  // torchvision's documentation gives GFLOPS (multiply-adds) with two decimals.
  test.each<[BackboneName, number, number]>([
    ['vgg11', 132_863_336, 7.61],
    ['vgg11_bn', 132_868_840, 7.61],
    ['vgg13', 133_047_848, 11.31],
    ['vgg13_bn', 133_053_736, 11.31],
    ['vgg16', 138_357_544, 15.47],
    ['vgg16_bn', 138_365_992, 15.47],
    ['vgg19', 143_667_240, 19.63],
    ['vgg19_bn', 143_678_248, 19.63],
  ])('%s: parameters and multiply-adds as published', (backbone, parameters, gigaMacs) => {
    const totals = totalsOf(layerTable(published(backbone)));
    expect(totals.parameters).toBe(parameters);
    expect(Number((totals.macs / 1e9).toFixed(2))).toBe(gigaMacs);
    expect(totals).not.toHaveProperty('trained');
  });

  test('every convolution and pool of VGG16 sees what the formula says', () => {
    const rows = layerTable(published('vgg16')).filter(({ kind }) => /conv|pool/.test(kind));
    const seen = Object.fromEntries(rows.map((row) => [row.name, row.receptiveField]));
    expect(seen).toEqual({
      ...{ conv1_1: 3, conv1_2: 5, pool1: 6 },
      ...{ conv2_1: 10, conv2_2: 14, pool2: 16 },
      ...{ conv3_1: 24, conv3_2: 32, conv3_3: 40, pool3: 44 },
      ...{ conv4_1: 60, conv4_2: 76, conv4_3: 92, pool4: 100 },
      ...{ conv5_1: 132, conv5_2: 164, conv5_3: 196, pool5: 212 },
    });
  });

  test('trained layers are counted; layers without parameters are neither', () => {
    const rows = layerTable(published('vgg16'), new Set(['fc8']));
    expect(totalsOf(rows).trained).toBe(4_097_000);
    expect(rows.find(({ name }) => name === 'conv1_1')?.trained).toBe(false);
    expect(rows.find(({ name }) => name === 'pool1')).not.toHaveProperty('trained');
  });
});

describe('the formula step by step', () => {
  test('each step starts where the one before ended', () => {
    const steps = receptiveFieldSteps(backboneWindows(published('vgg16')));
    for (const [at, step] of steps.entries()) {
      expect(step.size).toBe(step.sizeBefore + (step.kernel - 1) * step.strideBefore);
      expect(step.sizeBefore).toBe(steps[at - 1]?.size ?? 1);
    }
    expect(steps.find(({ name }) => name === 'conv3_1')).toMatchObject({
      ...{ kernel: 3, step: 1, sizeBefore: 16, strideBefore: 4, size: 24, stride: 4 },
    });
  });
});

describe('AlexNet', () => {
  // Krizhevsky's model as Caffe has it, and torchvision's.
  test.each([
    ['alexnet', 60_965_224, 724_406_816],
    ['alexnet-torchvision', 61_100_840, 714_188_480],
  ] as const)('%s has %i parameters and %i multiply-adds', (name, parameters, macs) => {
    expect(totalsOf(alexNetTable(name))).toEqual({ parameters, macs });
  });

  test('its maps and receptive fields', () => {
    const rows = new Map(alexNetTable('alexnet').map((row) => [row.name, row]));
    expect(rows.get('conv1')?.output).toEqual([96, 55, 55]);
    expect(rows.get('pool5')).toMatchObject({ output: [256, 6, 6], receptiveField: 195 });
    expect(rows.get('pool5')?.stride).toBe(32);
    expect(alexNetWindows('alexnet')[0]).toEqual({ name: 'conv1', kernel: 11, stride: 4 });
    expect(Object.keys(ALEXNETS)).toHaveLength(2);
  });
});

test('two 3x3 see 5x5 and three see 7x7, with 18 and 27 instead of 25 and 49 C^2 weights', () => {
  const C = 256;
  const [five, seven] = compareKernels({ channels: C, side: 56 });
  expect(five?.stack).toMatchObject({ receptiveField: 5, weights: 18 * C * C, nonLinearities: 2 });
  expect(five?.one).toMatchObject({ receptiveField: 5, weights: 25 * C * C, nonLinearities: 1 });
  expect(seven?.stack).toMatchObject({ receptiveField: 7, weights: 27 * C * C, biases: 3 * C });
  expect(seven?.one).toMatchObject({ receptiveField: 7, weights: 49 * C * C });
  expect(seven?.saved).toBeCloseTo(22 / 49, 12);
  expect(seven?.stack.macs).toBe(27 * C * C * 56 * 56);
});
