import { describe, expect, it } from 'vitest';
import { oneHot } from '../../src/base/one-hot.ts';
import { createRng } from '../../src/base/rng.ts';
import { createDropoutMasks } from '../../src/training/dropout-masks.ts';
import { balancedWeights, beta, mixUp, rowWeights } from '../../src/training/targets.ts';
import { tinyNetwork } from './fixtures.ts';

describe('class weights', () => {
  it('are scikit-learn`s `balanced`', () => {
    // compute_class_weight('balanced', classes=[0, 1, 2], y=[0, 0, 0, 1, 1, 2]) = [2/3, 1, 2]
    const weights = balancedWeights([0, 0, 0, 1, 1, 2], 3);
    expect([...weights]).toEqual([Math.fround(2 / 3), 1, 2]);
    expect(balancedWeights([0, 0], 2)[1]).toBe(1);
  });

  it('normalise the loss as PyTorch does: by the sum of the weights of the rows` classes', () => {
    const targets = oneHot([0, 2], 3);
    expect([...rowWeights(targets, 2, undefined)]).toEqual([0.5, 0.5]);
    const weights = rowWeights(targets, 2, Float32Array.of(0.5, 1, 3.5));
    expect([...weights]).toEqual([0.25, 0.25]);
  });
});

describe('mixup', () => {
  const batch = { rows: Float32Array.of(1, 2, 10, 20, 100, 200), positions: [0, 1, 2] };
  const mix = (key: number) => mixUp(batch, oneHot([0, 1, 2], 3), { alpha: 1, keys: [key] });

  it('mixes rows and targets by the same share with the same partner', () => {
    const { rows, targets } = mix(3);
    for (let row = 0; row < 3; row++) {
      // The rows are multiples of [1, 2], by 1, 10 and 100, so the targets say what they must be.
      const [a = 0, b = 0, c = 0] = targets.subarray(row * 3, row * 3 + 3);
      expect(a + b + c).toBeCloseTo(1, 6);
      expect(rows[row * 2]).toBeCloseTo(a + 10 * b + 100 * c, 4);
      expect(rows[row * 2 + 1]).toBeCloseTo(2 * (a + 10 * b + 100 * c), 4);
    }
  });

  it('mixes pixels as it does activations, to the nearest whole', () => {
    const pixels = Uint8Array.from([10, 20, 100, 250, 30, 60, 80, 1]);
    const of = { positions: [4, 9, 2, 7], alpha: 1, keys: [3] };
    const targets = oneHot([0, 1, 1, 0], 2);
    const bytes = mixUp({ rows: pixels, positions: of.positions }, targets, of);
    const floats = mixUp({ rows: Float32Array.from(pixels), positions: of.positions }, targets, of);
    expect(bytes.rows).toBeInstanceOf(Uint8Array);
    expect([...bytes.rows]).toEqual([...floats.rows].map(Math.round));
    expect(bytes.targets).toEqual(floats.targets);
    expect([...bytes.rows]).not.toEqual([...pixels]);
  });

  it('depends on its keys alone', () => {
    expect(mix(3)).toEqual(mix(3));
    expect(mix(3)).not.toEqual(mix(4));
  });

  it.each([0.2, 1, 4])('draws from Beta(a, a) with a = %f', (alpha) => {
    const rng = createRng('beta', alpha);
    const drawn = Array.from({ length: 20_000 }, () => beta(rng, alpha));
    const mean = drawn.reduce((a, b) => a + b) / drawn.length;
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
    expect(mean).toBeCloseTo(0.5, 1);
    // Of Beta(a, a): 1 / (4 (2a + 1)).
    expect(variance / (1 / (4 * (2 * alpha + 1)))).toBeCloseTo(1, 1);
  });
});

it('dropout masks are of the layers that are trained, for so many rows', () => {
  const network = tinyNetwork();
  const at = network.layers.findIndex(({ name }) => name === 'dropout7');
  const shapes = (from: number) =>
    [...createDropoutMasks(network, from, 8)(3, [1])].map(([name, { length }]) => [name, length]);
  expect(shapes(0)).toEqual([['dropout7', 3 * 8]]);
  expect(shapes(at)).toEqual([['dropout7', 3 * 8]]);
  expect(shapes(at + 1)).toEqual([]);
});

it('dropout masks keep the mean, and differ by step and layer but not by call', () => {
  const masks = createDropoutMasks(tinyNetwork(), 0, 64);
  const mask = (step: number) => [...(masks(64, [0, 0, 0, step]).get('dropout7') ?? [])];
  const first = mask(1);
  expect(first).toHaveLength(64 * 8);
  expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.6)]));
  expect(first.reduce((a, b) => a + b) / first.length).toBeCloseTo(1, 0);
  expect(mask(1)).toEqual(first);
  expect(mask(2)).not.toEqual(first);
});
