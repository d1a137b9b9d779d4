import { expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { rowSpace } from '../../src/solver/row-space.ts';

const [count, inputs, classes] = [6, 20, 3];
const rng = createRng('row-space');
const samples = Float32Array.from({ length: count * inputs }, () => rng.normal());

const product = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const row = <T extends Float32Array | Float64Array>(of: T, i: number, width: number) =>
  of.subarray(i * width, (i + 1) * width);

it('has the inner products of the samples, in as many coordinates as there are samples', () => {
  const { coordinates, rank } = rowSpace(samples, count);
  expect(rank).toBe(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const expected = product(row(samples, i, inputs), row(samples, j, inputs));
      expect(product(row(coordinates, i, rank), row(coordinates, j, rank))).toBeCloseTo(
        expected,
        4,
      );
    }
  }
});

it('gives a kernel that scores the samples as the one over coordinates does, with the same norm', () => {
  const { coordinates, rank, kernel } = rowSpace(samples, count);
  const found = Float64Array.from({ length: classes * rank }, () => rng.normal());
  const whole = kernel(found, classes);
  expect(product(whole, whole)).toBeCloseTo(product(found, found), 4);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < classes; c++) {
      const expected = product(row(coordinates, i, rank), row(found, c, rank));
      expect(product(row(samples, i, inputs), row(whole, c, inputs))).toBeCloseTo(expected, 4);
    }
  }
});

it('takes samples that are all zero, or copies of each other', () => {
  const nothing = rowSpace(new Float32Array(count * inputs), count);
  expect(
    [...nothing.kernel(new Float64Array(classes * nothing.rank), classes)].every((x) => x === 0),
  ).toBe(true);
  const twice = new Float32Array(2 * inputs);
  twice.set(row(samples, 0, inputs));
  twice.set(row(samples, 0, inputs), inputs);
  expect(rowSpace(twice, 2).rank).toBe(1);
});
