import { describe, expect, it } from 'vitest';
import { denseLesson } from '../../src/explain/dense.ts';
import { kernelLesson } from '../../src/explain/kernels.ts';
import { fieldLesson } from '../../src/explain/receptive-field.ts';
import { type StrategyCase, strategyLesson } from '../../src/explain/strategies.ts';
import { buildNetwork } from '../../src/network/build.ts';
import type { BackboneName, HeadName } from '../../src/network/catalog.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { plannedStrategies } from '../../src/pipeline/inspect/explain.ts';

interface Wanted {
  readonly head?: HeadName;
  readonly classes?: number;
  readonly size?: number;
}

function network(
  backbone: BackboneName,
  { head = 'vgg', classes = 1000, size = 224 }: Wanted = {},
) {
  const spec = { kind: head, dropout: 0.5, hidden: 256 };
  return buildNetwork({ backbone, head: spec, classes, preprocessing: plainPreprocessing(size) });
}

describe('receptive field', () => {
  const { layers, stacks } = fieldLesson(network('vgg16'));
  const at = (name: string) => layers.find((layer) => layer.name === name);

  // Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019: VGG-16 has 212
  // pixels with an effective stride of 32 (table of architectures).
  it('of VGG16 is the published one, and so is its stride', () => {
    expect(at('pool5')).toMatchObject({ size: 212, stride: 32, kernel: 2, step: 2 });
    expect(at('conv5_3')).toMatchObject({ size: 196, stride: 16, kernel: 3, step: 1 });
    expect(at('pool5')?.share).toBeCloseTo(212 / 224, 12);
    expect(layers).toHaveLength(13 + 5);
  });

  it('of vgg-nano exceeds its image, as 1 + the sum of (k - 1) j, by hand', () => {
    const nano = fieldLesson(network('vgg-nano', { head: 'linear', size: 64 }));
    const byHand = 1 + 2 + 1 + 4 + 2 + 2 * 8 + 4 + 2 * 16 + 8 + 2 * 32 + 16;
    expect(nano.layers.at(-1)).toMatchObject({ name: 'pool5', size: byHand });
    expect(nano.layers.at(-1)?.share).toBeCloseTo(byHand / 64, 12);
  });

  // Simonyan and Zisserman 2014, section 2.3: three 3x3 layers have 27 C^2 weights, one 7x7 layer 49 C^2.
  it('of a stack is that of one large kernel, with fewer weights', () => {
    const seven = stacks.find(({ one }) => one.kernel === 7);
    expect(seven?.stack).toMatchObject({ layers: 3, receptiveField: 7, weights: 27 * 512 ** 2 });
    expect(seven?.one.weights).toBe(49 * 512 ** 2);
    const eleven = stacks.find(({ one }) => one.kernel === 11);
    expect(eleven?.stack).toMatchObject({ layers: 5, receptiveField: 11 });
    expect(eleven?.saved).toBeCloseTo(1 - 45 / 121, 12);
  });
});

describe('kernels', () => {
  const lesson = kernelLesson(network('vgg16'));
  const sum = (key: 'parameters' | 'macs', kind: string) =>
    lesson.layers
      .filter((layer) => layer.kind === kind)
      .reduce((all, layer) => all + layer[key], 0);

  // keras.applications: VGG16 has 138,357,544 parameters, 14,714,688 without its top. torchvision's table of models:
  // 15.47 GFLOPS, which are multiply-adds.
  it('of VGG16 hold and cost what is published', () => {
    expect(sum('parameters', 'conv')).toBe(14_714_688);
    expect(sum('parameters', 'conv') + sum('parameters', 'dense')).toBe(138_357_544);
    expect(((sum('macs', 'conv') + sum('macs', 'dense')) / 1e9).toFixed(2)).toBe('15.47');
    expect(lesson.otherParameters).toBe(0);
  });

  // torchvision: vgg16_bn has 138,365,992 parameters.
  it('and batch norms the rest', () => {
    const normed = kernelLesson(network('vgg16_bn'));
    expect(normed.otherParameters).toBe(138_365_992 - 138_357_544);
  });

  it('have shares that are those of the whole', () => {
    for (const key of ['ofParameters', 'ofMacs'] as const) {
      expect(lesson.layers.reduce((all, layer) => all + layer[key], 0)).toBeCloseTo(1, 12);
    }
  });

  it('of a block are compared with one kernel by its own channels', () => {
    const of = (name: string) => lesson.blocks.find(({ block }) => block === name);
    expect(of('block5')).toMatchObject({ weights: 27 * 512 ** 2, oneKernel: 49 * 512 ** 2 });
    // 3 to 64 and 64 to 64, beside 5x5 over 3 channels: the stack has eight times as many.
    expect(of('block1')).toMatchObject({ weights: 9 * 64 * (3 + 64), oneKernel: 25 * 3 * 64 });
    expect(of('block1')?.saved).toBeLessThan(0);
    expect(kernelLesson(network('vgg11')).blocks.map(({ block }) => block)).toEqual([
      'block3',
      'block4',
      'block5',
    ]);
  });
});

describe('dense', () => {
  const lesson = denseLesson(network('vgg16'));

  // Simonyan and Zisserman 2014, table 2, and keras.applications: the three dense layers hold 123,642,856.
  it('layers of VGG16 hold what is published', () => {
    expect(lesson.parameters).toEqual({
      total: 138_357_544,
      backbone: 14_714_688,
      head: 123_642_856,
    });
    expect(lesson.layers.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['fc6', 102_764_544],
      ['fc7', 16_781_312],
      ['fc8', 4_097_000],
    ]);
  });

  it('layers are convolutions with as many weights', () => {
    expect(lesson.layers.map(({ kernel, channels }) => [kernel, channels])).toEqual([
      [7, 512],
      [1, 4096],
      [1, 4096],
    ]);
    for (const { kernel, channels, inputs } of lesson.layers) {
      expect(kernel ** 2 * channels).toBe(inputs);
    }
  });

  it('heads that pool are weighed against that of the paper', () => {
    const heads = Object.fromEntries(lesson.heads.map((each) => [each.head, each.parameters]));
    expect(heads.linear).toBe(512 * 1000 + 1000);
    expect(heads.vgg).toBe(123_642_856);
    expect(heads.mlp).toBe(512 * 256 + 256 + 256 * 1000 + 1000);
  });

  // Simonyan and Zisserman 2014, section 3.2: a map of 14x14 gives 8x8 scores through 7x7 kernels.
  it('layers as convolutions give a map of scores on a larger image', () => {
    const double = lesson.images.find(({ size }) => size === 448);
    expect(double).toMatchObject({ map: 14, scores: 8, crops: 64 });
    expect(lesson.images[0]).toMatchObject({ size: 224, map: 7, scores: 1, crops: 1 });
    expect(lesson.images[0]?.macs).toBe(lesson.images[0]?.cropMacs);
    // Four times the pixels in the convolutions, 64 times the dense layers.
    const convolutions = 15_346_630_656;
    const dense = 123_642_856 - 4096 - 4096 - 1000;
    expect(double?.macs).toBe(4 * convolutions + 64 * dense);
  });

  it('layers on an average have a window of one cell, and a size that no pool divides is left as it is', () => {
    const nano = denseLesson(network('vgg-nano', { head: 'linear', size: 100 }));
    expect(nano).toMatchObject({ window: 1, map: 3, stride: 32 });
    expect(nano.images[0]).toMatchObject({ size: 100, scores: 3, crops: 1 });
    const small = denseLesson(network('vgg-nano', { head: 'levels', size: 32 }));
    expect(small.heads.map(({ head }) => head)).toEqual(['linear', 'levels', 'mlp']);
    expect(new Set(small.images.map(({ size }) => size)).size).toBe(small.images.length);
  });
});

describe('strategies', () => {
  const cases = (of: ReturnType<typeof network>, head?: HeadName) =>
    Object.fromEntries(
      strategyLesson(plannedStrategies(of, head === undefined ? {} : { head })).cases.map(
        (each): [string, StrategyCase] => [each.strategy, each],
      ),
    );
  const { head, top, all, scratch } = cases(network('vgg16', { classes: 10 }));

  // Block 5 of VGG16 has 3 * 2,359,808 parameters (keras.applications, summary); the head reads 256 + 512 + 512 averages.
  it('train what their names say on VGG16', () => {
    expect(head?.parameters.trained).toBe(1280 * 10 + 10);
    expect(top?.parameters.trained).toBe(3 * 2_359_808 + 1280 * 10 + 10);
    expect(top?.trained).toEqual(['conv5_1', 'conv5_2', 'conv5_3', 'fc8']);
    expect(all?.parameters.trained).toBe(14_714_688 + 1280 * 10 + 10);
    expect(scratch?.parameters).toEqual({ total: 14_719_818, trained: 14_719_818 });
    expect(scratch).toMatchObject({ start: 'random', solved: false, pictures: 0, kept: 0 });
  });

  it('cost what their layers cost: forward, weights, and inputs above the lowest trained layer', () => {
    const conv = 462_422_016; // of one convolution of block 5: 512 * 512 * 9 * 14 * 14
    const fc8 = 12_800;
    expect(top?.macs).toMatchObject({
      frozen: 15_346_630_656 - 3 * conv,
      solving: 3 * conv,
      step: 2 * conv + 3 * (2 * conv + fc8),
    });
    expect(head?.macs).toMatchObject({ frozen: 15_346_630_656, solving: 0, step: 0 });
  });

  it('run frozen layers once, whatever the number of epochs', () => {
    const { macs, epochs = 0 } = top ?? {};
    expect(epochs).toBeGreaterThan(1);
    const { frozen = 0, solving = 0, step = 0, cached = 0, uncached = 0 } = macs ?? {};
    expect(cached).toBe(frozen + solving + epochs * step);
    expect(uncached - cached).toBe(epochs * frozen);
    // pool4 of VGG16 is 512 x 14 x 14, and the average of pool3 travels with it: float32.
    expect(top?.kept).toBe(4 * (512 * 14 * 14 + 256));
  });

  it('of vgg-nano keep several pictures of each image', () => {
    const nano = cases(network('vgg-nano', { head: 'linear', classes: 6, size: 64 }));
    // The number that `plan` and `describe` give for six classes.
    expect(nano.head?.parameters.trained).toBe(2694);
    expect(nano.head?.pictures).toBe(9);
    expect(nano.top?.pictures).toBe(5);
    expect(nano.head?.macs.cached).toBe(9 * (nano.head?.macs.frozen ?? 0));
  });

  it('take steps on a head with hidden layers', () => {
    const { head: stepped } = cases(network('vgg16', { classes: 10 }), 'mlp');
    expect(stepped).toMatchObject({ head: 'mlp', solved: false, trained: ['fc7', 'fc8'] });
    expect(stepped?.epochs).toBeGreaterThan(0);
  });
});
