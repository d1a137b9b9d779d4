import { expect, it } from 'vitest';
import type { DenseForm } from '../../../src/network/dense-to-conv.ts';
import { scoreGrid } from '../../../src/pipeline/heat/dense-views.ts';

const form = (window: number): DenseForm => ({
  ...{ backbone: [], head: [], weights: new Map(), stride: 32, smallest: 32 },
  ...{ window, method: '' },
});

/** Two classes on a map of one row and three cells. */
const scores = {
  shape: [1, 2, 1, 3],
  data: Float32Array.of(1, 5, 3, 0, 5, 7),
};

it('is the positive part of the activation map without the bias, as a share of its largest', () => {
  const grid = scoreGrid(scores, { label: 0, form: form(1), bias: 1 });
  expect([grid.rows, grid.columns]).toEqual([1, 3]);
  expect([...grid.values]).toEqual([0, 1, 0.5]);
  const below = scoreGrid(scores, { label: 0, form: form(1), bias: 9 });
  expect([...below.values]).toEqual([0, 0, 0]);
});

it('is the probability of the class where a window is more than a cell', () => {
  const grid = scoreGrid(scores, { label: 0, form: form(7), bias: 1 });
  expect(grid.values[0]).toBeCloseTo(Math.E / (Math.E + 1), 6);
  expect(grid.values[1]).toBeCloseTo(0.5, 6);
});
