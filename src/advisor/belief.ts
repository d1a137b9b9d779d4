import { CholeskyDecomposition, inverse, Matrix } from 'ml-matrix';
import { createRng } from '../base/rng.ts';
import type { StrategyName } from '../config/schema.ts';

/** What is believed of the test accuracies of strategies: a normal distribution over them. */
export interface Belief {
  readonly strategies: readonly StrategyName[];
  /** Accuracies, as shares. */
  readonly mean: readonly number[];
  /** [strategies, strategies] */
  readonly covariance: Matrix;
}

/** What is known of a strategy before it was tried: how much better or worse than the others it is. */
export interface Expectation {
  readonly strategy: StrategyName;
  /** Of the accuracy, as a share, relative to the other strategies. */
  readonly mean: number;
  readonly deviation: number;
}

/** Which of the images that a strategy was tried on it named right, by image. */
export interface Tried {
  readonly strategy: StrategyName;
  readonly right: ReadonlyMap<string, boolean>;
}

/** How hard the images are is not known at all: the deviation of the level that all strategies share. */
const LEVEL = 1;
/**
 * Deviation of what a run reaches on new images from what folds of its training images say of it, beside
 * what chance does to the images of the folds.
 */
const TRANSFER = 0.015;

/** What is believed before any trial. */
export function beliefOf(expectations: readonly Expectation[]): Belief {
  const size = expectations.length;
  const covariance = Matrix.ones(size, size).mul(LEVEL ** 2);
  expectations.forEach(({ deviation }, i) => {
    covariance.set(i, i, LEVEL ** 2 + deviation ** 2);
  });
  return {
    strategies: expectations.map(({ strategy }) => strategy),
    mean: expectations.map(({ mean }) => 0.5 + mean),
    covariance,
  };
}

/**
 * The belief once trials are known: the normal distribution that follows by Bayes' rule (a Kalman update).
 * Strategies that were tried on the same images are compared image by image, through the covariance of their
 * errors; images that only some were tried on count for what they say of the level.
 */
export function updated(belief: Belief, tried: readonly Tried[]): Belief {
  const seen = tried.filter(
    ({ strategy, right }) => right.size > 0 && belief.strategies.includes(strategy),
  );
  if (seen.length === 0) return belief;
  const observed = Matrix.zeros(seen.length, belief.strategies.length);
  seen.forEach(({ strategy }, row) => {
    observed.set(row, belief.strategies.indexOf(strategy), 1);
  });
  const prior = Matrix.columnVector([...belief.mean]);
  const found = Matrix.columnVector(seen.map(({ right }) => shareOf(right)));
  const cross = belief.covariance.mmul(observed.transpose());
  const gain = cross.mmul(inverse(observed.mmul(cross).add(errorsOf(seen))));
  const mean = Matrix.add(prior, gain.mmul(Matrix.sub(found, observed.mmul(prior))));
  const left = Matrix.sub(belief.covariance, gain.mmul(cross.transpose()));
  // Rounding makes it a little askew.
  const covariance = Matrix.add(left, left.transpose()).mul(0.5);
  return { strategies: belief.strategies, mean: mean.to1DArray(), covariance };
}

/** The covariance of the measured accuracies around those of runs on new images. */
function errorsOf(seen: readonly Tried[]): Matrix {
  const errors = Matrix.zeros(seen.length, seen.length);
  seen.forEach((a, i) => {
    seen.forEach((b, j) => {
      if (j <= i) {
        const value = i === j ? varianceOf(a) + TRANSFER ** 2 : covarianceOf(a, b);
        errors.set(i, j, value);
        errors.set(j, i, value);
      }
    });
  });
  return errors;
}

/** Of a share of images; Wilson's term keeps that of 0 % and 100 % from being none. */
function varianceOf({ right }: Tried): number {
  const p = shareOf(right);
  return (p * (1 - p) + 1 / (4 * right.size)) / right.size;
}

/** Of two shares of images, some of which are the same. */
function covarianceOf(a: Tried, b: Tried): number {
  const shared = [...a.right].flatMap(([image, isRight]) => {
    const other = b.right.get(image);
    return other === undefined ? [] : [[Number(isRight), Number(other)] as const];
  });
  if (shared.length < 2) return 0;
  const mean = (at: 0 | 1) => shared.reduce((sum, pair) => sum + pair[at], 0) / shared.length;
  const [meanA, meanB] = [mean(0), mean(1)];
  const products = shared.reduce((sum, [x, y]) => sum + (x - meanA) * (y - meanB), 0);
  return products / (a.right.size * b.right.size);
}

/** The share of the images that were named right. */
export function shareOf(right: ReadonlyMap<string, boolean>): number {
  return [...right.values()].filter(Boolean).length / Math.max(1, right.size);
}

const DRAWS = 4000;

/** Accuracies drawn from a belief, always the same: [draws][strategies]. */
export function draws({ strategies, mean, covariance }: Belief): readonly (readonly number[])[] {
  const size = strategies.length;
  // Rounding can leave a variance of nothing just below zero.
  const ridge = Matrix.eye(size, size).mul(1e-9);
  const lower = new CholeskyDecomposition(Matrix.add(covariance, ridge)).lowerTriangularMatrix;
  const rng = createRng('belief');
  return Array.from({ length: DRAWS }, () => {
    const normals = Array.from({ length: size }, () => rng.normal());
    return mean.map((m, i) =>
      normals.reduce((sum, z, j) => (j <= i ? sum + lower.get(i, j) * z : sum), m),
    );
  });
}
