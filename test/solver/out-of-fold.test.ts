import { Matrix, solve } from 'ml-matrix';
import { expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { kernelLeaveOneOut } from '../../src/solver/kernel-leave-one-out.ts';
import { outOfFold } from '../../src/solver/out-of-fold.ts';
import { onnxEngine } from '../engines/engines.ts';

const WIDTH = 5;
const CLASSES = 3;

/** Three clouds, each around a corner. */
function clouds(images: number, apart: number) {
  const rng = createRng('out-of-fold', images);
  const labels = Array.from({ length: images }, (_, i) => i % CLASSES);
  const rows = Float32Array.from({ length: images * WIDTH }, (_, at) => {
    const own = labels[Math.floor(at / WIDTH)] === at % WIDTH;
    return rng.normal() + (own ? apart : 0);
  });
  return { labels, rows };
}

/** Scores of an image by the same regression without the images of its group, as the definition says. */
function scoresWithout(rows: Float32Array, labels: readonly number[], left: readonly number[]) {
  const row = (i: number) => rows.subarray(i * WIDTH, (i + 1) * WIDTH);
  const distance = (i: number, j: number) =>
    Math.sqrt(row(i).reduce((sum, value, at) => sum + (value - (row(j)[at] ?? 0)) ** 2, 0));
  const all = labels.flatMap((_, i) => labels.slice(0, i).map((_, j) => distance(i, j)));
  const scale = all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 1;
  const kernel = (i: number, j: number) => 1 + Math.exp(-distance(i, j) / scale);
  const rest = [...labels.keys()].filter((i) => !left.includes(i));
  const a = new Matrix(rest.map((i) => rest.map((j) => kernel(i, j) + (i === j ? 0.1 : 0))));
  const y = new Matrix(
    rest.map((i) => Array.from({ length: CLASSES }, (_, c) => Number(labels[i] === c) - 1 / 3)),
  );
  const weights = solve(a, y);
  const [image = 0] = left;
  return new Matrix([rest.map((j) => kernel(image, j))]).mmul(weights).getRow(0);
}

it.each([[[7]], [[4, 9]]])('is what a fit without the images %j says', (left) => {
  const { labels, rows } = clouds(18, 1);
  const groups = labels.map((_, i) => (left.includes(i) ? 'group' : String(i)));
  const logs = kernelLeaveOneOut({ rows, labels, groups, classes: CLASSES });
  const [image = 0] = left;
  const found = logs.subarray(image * CLASSES, (image + 1) * CLASSES);
  const expected = scoresWithout(rows, labels, left);
  // Known up to a factor that is one of a few, and a constant.
  const factor = ((found[0] ?? 0) - (found[1] ?? 0)) / ((expected[0] ?? 0) - (expected[1] ?? 0));
  expect(Math.abs(factor - Math.round(factor))).toBeLessThan(1e-4);
  const other = ((found[0] ?? 0) - (found[2] ?? 0)) / ((expected[0] ?? 0) - (expected[2] ?? 0));
  expect(other).toBeCloseTo(factor, 4);
});

it('gives a wrong label little, and each row one in all', async () => {
  const { labels: clean, rows: features } = clouds(60, 4);
  const labels = clean.map((label, i) => (i === 10 ? (label + 1) % CLASSES : label));
  const groups = labels.map((_, i) => String(i));
  const found = await outOfFold(
    {
      ...{ engine: await onnxEngine(), features, labels, groups, images: 60 },
      ...{ classes: CLASSES, levels: [2, 3], seed: 0 },
    },
    { repeats: 2 },
  );
  const probabilities = [...(found?.probabilities ?? [])];
  const own = labels.map((label, i) => probabilities[i * CLASSES + label] ?? 1);
  expect(own.indexOf(Math.min(...own))).toBe(10);
  expect(own[10]).toBeLessThan(0.1);
  for (let i = 0; i < 60; i++) {
    const row = probabilities.slice(i * CLASSES, (i + 1) * CLASSES);
    expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  }
  expect(found).toMatchObject({ folds: 5, fits: 3 });
});

it('says nothing where nothing can be held out', async () => {
  const problem = {
    ...{ engine: await onnxEngine(), features: Float32Array.of(0, 1, 2, 3), labels: [0, 1] },
    ...{ groups: ['a', 'b'], images: 2, classes: 2, levels: [2], seed: 0 },
  };
  expect(await outOfFold(problem, { repeats: 3 })).toBeUndefined();
});
