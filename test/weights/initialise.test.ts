import { expect, test } from 'vitest';
import { buildNetwork } from '../../src/network/build.ts';
import { parameterShapes } from '../../src/network/parameters.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { randomWeights } from '../../src/weights/initialise.ts';

const network = buildNetwork({
  backbone: 'vgg-nano',
  head: { kind: 'vgg', dropout: 0.5, hidden: 64 },
  classes: 10,
  preprocessing: plainPreprocessing(64),
});

function moments(data: Float32Array): { mean: number; deviation: number } {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length;
  return { mean, deviation: Math.sqrt(variance) };
}

test('every tensor has its shape, and its deviation', () => {
  const weights = randomWeights(network, 7);
  const shapes = parameterShapes(network);
  expect([...weights.keys()]).toEqual([...shapes.keys()]);
  for (const [name, { shape }] of weights) expect(shape).toEqual(shapes.get(name));

  const deviation = (name: string) => moments(weights.get(name)?.data ?? new Float32Array());
  expect(deviation('conv5_2.weight').deviation).toBeCloseTo(Math.sqrt(2 / (256 * 9)), 3);
  expect(Math.abs(deviation('conv5_2.weight').mean)).toBeLessThan(1e-3);
  expect(deviation('fc6.weight').deviation).toBeCloseTo(Math.sqrt(2 / 1024), 3);
  expect(deviation('fc8.weight').deviation).toBeCloseTo(0.01, 3);
  expect(deviation('bn1_1.weight')).toEqual({ mean: 1, deviation: 0 });
  expect(deviation('bn1_1.running_var')).toEqual({ mean: 1, deviation: 0 });
  expect(deviation('bn1_1.running_mean')).toEqual({ mean: 0, deviation: 0 });
  expect(deviation('conv1_1.bias')).toEqual({ mean: 0, deviation: 0 });
});

test('the same seed gives the same weights, whichever tensors are asked for', () => {
  const all = randomWeights(network, 7);
  const some = randomWeights(network, 7, (name) => name.startsWith('fc7'));
  expect([...some.keys()]).toEqual(['fc7.weight', 'fc7.bias']);
  expect(some.get('fc7.weight')?.data).toEqual(all.get('fc7.weight')?.data);
  expect(randomWeights(network, 8).get('conv1_1.weight')?.data).not.toEqual(
    all.get('conv1_1.weight')?.data,
  );
});
