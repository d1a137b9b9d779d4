import { beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { fitHead } from '../../src/solver/fit-head.ts';
import type { HeadProblem } from '../../src/solver/head-problem.ts';
import { onnxEngine } from '../engines/engines.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await onnxEngine();
});

interface Options {
  readonly images: number;
  readonly classes: number;
  readonly levels: readonly number[];
  /** Which level the classes can be told apart by. */
  readonly telling: number;
  readonly noise?: number;
}

/** Features of noise, but for one level in which each class has a column of its own that is high. */
function problem({ images, classes, levels, telling, noise = 1 }: Options): HeadProblem {
  const rng = createRng('fit-head', images, classes);
  const width = levels.reduce((sum, size) => sum + size, 0);
  const start = levels.slice(0, telling).reduce((sum, size) => sum + size, 0);
  const labels = Array.from({ length: images }, (_, i) => i % classes);
  const features = new Float32Array(images * width);
  labels.forEach((label, row) => {
    for (let i = 0; i < width; i++) features[row * width + i] = noise * rng.normal();
    const at = row * width + start + label;
    features[at] = (features[at] ?? 0) + 3;
  });
  const groups = labels.map((_, i) => String(i));
  return { engine, features, labels, groups, images, classes, levels, seed: 0 };
}

/** Shares of the images that the fits without them get right. */
function heldOutAccuracy(
  { heldOut = new Float32Array() }: { heldOut?: Float32Array },
  of: HeadProblem,
) {
  const { classes, labels } = of;
  const hits = labels.filter((label, row) => {
    const scores = heldOut.subarray(row * classes, (row + 1) * classes);
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return hits.length / labels.length;
}

describe('fitHead', () => {
  it('reads the last level alone where the others say nothing', async () => {
    const of = problem({ images: 60, classes: 3, levels: [200, 200, 10], telling: 2 });
    const fit = await fitHead(of);
    expect(fit.levelsRead).toBe(1);
    expect(fit.kernel.subarray(0, 400).every((value) => value === 0)).toBe(true);
    expect(heldOutAccuracy(fit, of)).toBeGreaterThan(0.9);
  });

  it('tells after each fit how many of those that there may be are done with', async () => {
    const of = problem({ images: 60, classes: 3, levels: [20, 10], telling: 1 });
    const told: number[] = [];
    const totals = new Set<number>();
    const onFit = (done: number, total: number) => {
      told.push(done);
      totals.add(total);
    };
    await fitHead({ ...of, onFit });
    // Two numbers of levels, nine penalties, five folds: the weakest penalties are left out, and are done with, too.
    expect([...totals]).toEqual([90]);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.slice(0, 3)).toEqual([1, 2, 3]);
    expect(told).toContain(45);
    expect(told.at(-1)).toBe(90);
  });

  it('reads all levels where the last says nothing', async () => {
    const of = problem({ images: 60, classes: 3, levels: [10, 10, 10], telling: 0 });
    const fit = await fitHead(of);
    expect(fit.levelsRead).toBe(3);
    expect(heldOutAccuracy(fit, of)).toBeGreaterThan(0.8);
  });

  it('gives the same answer whatever the scale of the features', async () => {
    const of = problem({ images: 30, classes: 3, levels: [5, 5], telling: 1 });
    const plain = await fitHead(of);
    for (const factor of [0.01, 100]) {
      const scaled = await fitHead({ ...of, features: of.features.map((x) => factor * x) });
      expect(scaled.penalty).toBe(plain.penalty);
      scaled.kernel.forEach((value, i) => {
        expect(value).toBeCloseTo(plain.kernel[i] ?? 0, 3);
      });
    }
  });

  it('judges by the images as they are, with other views of them on their side', async () => {
    const of = problem({ images: 30, classes: 3, levels: [8], telling: 0 });
    const twice = new Float32Array(2 * of.features.length);
    twice.set(of.features);
    twice.set(of.features, of.features.length);
    const labels = [...of.labels, ...of.labels];
    const fit = await fitHead({
      ...of,
      features: twice,
      labels,
      groups: [...of.groups, ...of.groups],
    });
    const once = await fitHead(of);
    expect(fit.heldOut).toHaveLength(30 * 3);
    fit.kernel.forEach((value, i) => {
      expect(value).toBeCloseTo(once.kernel[i] ?? 0, 2);
    });
  });

  it('has a finite optimum where classes can be told apart without error', async () => {
    const fit = await fitHead(
      problem({ images: 40, classes: 2, levels: [50], telling: 0, noise: 0.01 }),
    );
    expect(fit.kernel.every(Number.isFinite)).toBe(true);
    expect(Math.max(...fit.kernel.map(Math.abs))).toBeLessThan(100);
  });

  it('takes two images a class with two folds, and one with none', async () => {
    const two = await fitHead(problem({ images: 8, classes: 4, levels: [6], telling: 0 }));
    expect(two.folds).toBe(2);
    const one = await fitHead(problem({ images: 4, classes: 4, levels: [6], telling: 0 }));
    expect(one.folds).toBe(0);
    expect(one.heldOut).toBeUndefined();
    expect(one.kernel.every(Number.isFinite)).toBe(true);
  });

  it('says how frequent the classes are where all features are equal', async () => {
    const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
    const groups = labels.map((_, i) => String(i));
    const features = new Float32Array(labels.length * 4).fill(2.5);
    const of = { engine, features, labels, groups, images: 9, classes: 2, levels: [4], seed: 0 };
    const fit = await fitHead(of);
    expect(fit.kernel.every((value) => value === 0)).toBe(true);
    const [a = 0, b = 0] = fit.bias;
    expect(1 / (1 + Math.exp(b - a))).toBeCloseTo(6 / 9, 2);
  });

  it('counts classes the same where that is asked for', async () => {
    const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
    const groups = labels.map((_, i) => String(i));
    const features = new Float32Array(labels.length * 4).fill(2.5);
    const classWeights = Float32Array.of(9 / 12, 9 / 6);
    const of = { engine, features, labels, groups, images: 9, classes: 2, levels: [4], seed: 0 };
    const { bias } = await fitHead({ ...of, classWeights });
    expect(bias[0]).toBeCloseTo(bias[1] ?? 0, 2);
  });
});
