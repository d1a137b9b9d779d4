import { describe, expect, test } from 'vitest';
import { withKerasConfig } from '../../src/weights/keras-config.ts';
import type { Naming } from '../../src/weights/naming.ts';
import { nameTensors } from '../../src/weights/naming.ts';

const layer = (kind: string, config: Record<string, unknown>) => ({ class_name: kind, config });
const conv = (name: string, more: Record<string, unknown> = {}) =>
  layer('Conv2D', { name, padding: 'same', activation: 'relu', ...more });
const pool = layer('MaxPooling2D', { name: 'pool', pool_size: [2, 2], strides: null });
const model = (...layers: unknown[]) => ({ class_name: 'Functional', config: { layers } });

/** Two convolutions and a dense layer, by the names that Keras gives them. */
const naming = nameTensors(
  new Map([
    ['block1_conv1/kernel:0', [3, 3, 3, 4]],
    ['block1_conv1/bias:0', [4]],
    ['block2_conv1/kernel:0', [3, 3, 4, 5]],
    ['block2_conv1/bias:0', [5]],
    ['dense/kernel:0', [5, 2]],
    ['dense/bias:0', [2]],
  ]),
  true,
) as Naming;
const read = (...layers: unknown[]) => withKerasConfig(naming, model(...layers));
const first = conv('block1_conv1');
const second = conv('block2_conv1');

describe('the config of a Keras model', () => {
  test('a VGG is one, with all that may stand among its layers', () => {
    const dropout = layer('Dropout', { name: 'dropout', rate: 0.5 });
    const relu = layer('ReLU', { name: 'relu', max_value: null, negative_slope: 0, threshold: 0 });
    const linear = conv('block1_conv1', { activation: 'linear' });
    const average = layer('GlobalAveragePooling2D', { name: 'average' });
    expect(read(linear, relu, dropout, pool, second, pool, average).foreign).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    ['strides', conv('block2_conv1', { strides: [2, 2] }), /"block2_conv1" with strides 2,2/],
    ['dilation', conv('block2_conv1', { dilation_rate: [2, 2] }), /dilation_rate 2,2/],
    ['groups', conv('block2_conv1', { groups: 2 }), /groups 2/],
    ['channels first', conv('block2_conv1', { data_format: 'channels_first' }), /channels_first/],
    [
      'an activation of a class',
      conv('block2_conv1', { activation: { class_name: 'LeakyReLU' } }),
      /activation leakyrelu/,
    ],
  ])('%s are none of a VGG', (_, changed, found) => {
    expect(read(first, pool, changed).foreign).toMatch(found);
  });

  test.each<[string, unknown, RegExp]>([
    ['ReLU6', layer('ReLU', { name: 'six', max_value: 6 }), /"six" with max_value 6/],
    ['a pool of three', layer('MaxPooling2D', { name: 'p', pool_size: [3, 3] }), /pool_size 3,3/],
    ['a layer that nobody knows', layer('Own>Layer', { name: 'own' }), /"own" with Own>Layer/],
    [
      'zeros in front of zeros',
      layer('Activation', { name: 'a', activation: 'swish' }),
      /activation swish/,
    ],
  ])('%s between the convolutions is none of a VGG', (_, between, found) => {
    expect(read(first, between, second).foreign).toMatch(found);
  });

  test('convolutions without padding have zeros in front of them, or are refused', () => {
    const valid = conv('block2_conv1', { padding: 'valid' });
    const zeros = (padding: unknown) => layer('ZeroPadding2D', { name: 'zeros', padding });
    expect(read(first, valid).foreign).toMatch(/padding valid/);
    expect(
      read(
        first,
        zeros([
          [2, 2],
          [2, 2],
        ]),
        valid,
      ).foreign,
    ).toMatch(/padding valid/);
    expect(
      read(
        first,
        zeros([
          [1, 1],
          [1, 1],
        ]),
        valid,
      ).foreign,
    ).toBeUndefined();
  });

  test('several Rescalings, one for each channel, in front of a model in a model', () => {
    const inside = model(first, second);
    const rescale = (scale: unknown, offset?: unknown) =>
      layer('Rescaling', { name: 'r', scale, offset });
    const found = withKerasConfig(
      naming,
      model(rescale(1 / 255), rescale([2, 2, 4], [-1, 0, 1]), {
        ...inside,
        config: { ...inside.config, name: 'vgg' },
      }),
    );
    expect(found.preprocessing).toMatchObject({ channels: 'rgb', scale: 1 });
    const near = (numbers: readonly number[] | undefined) =>
      numbers?.map((each) => Math.round(each * 1e6) / 1e6);
    expect(near(found.preprocessing?.mean)).toEqual([127.5, -0, -63.75]);
    expect(near(found.preprocessing?.std)).toEqual([127.5, 127.5, 63.75]);
    expect(read(rescale(0), first, second)).toMatchObject({
      notes: [expect.stringContaining('--weights.preprocessing')],
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'model'],
    ['layers that are no list', { config: { layers: { length: 1 } } }],
    ['layers that are no objects', { config: { layers: [null, 1, 'x', []] } }],
    ['objects where texts belong', model(layer('Conv2D', { name: { toString: 1, valueOf: 1 } }))],
    [
      'objects where numbers belong',
      model(
        first,
        conv('block2_conv1', { strides: [{ toString: 1, valueOf: 1 }], padding: { toString: 1 } }),
      ),
    ],
    [
      'a class that is an object',
      model(first, { class_name: { toString: 1 }, config: {} }, second),
    ],
    [
      'an activation of an object',
      model(first, conv('block2_conv1', { activation: { class_name: { toString: 1 } } })),
    ],
    [
      'names of all objects',
      model(first, layer('__proto__', {}), layer('constructor', {}), second),
    ],
  ])('%s ends in no crash', (_, config) => {
    expect(() => withKerasConfig(naming, config)).not.toThrow();
  });
});
