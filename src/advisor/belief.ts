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
  /** The expected accuracy, as a share, relative to the other strategies. */
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
 * The belief once trials are known: the normal distribution that follows by Bayes' rule (a Kalman update). What
 * is observed is how each strategy did beside one other, the reference, on the images that both were tried on:
 * some parts of a data set are easier than others, so that shares of different images say little.
 */
export function updated(belief: Belief, tried: readonly Tried[]): Belief {
  const seen = tried.filter(
    ({ strategy, right }) => right.size > 0 && belief.strategies.includes(strategy),
  );
  const [reference] = seen.toSorted((a, b) => b.right.size - a.right.size);
  if (reference === undefined) return belief;
  const others = seen.flatMap((each) => {
    const gains = gainsOver(reference, each);
    return each === reference || gains.size === 0 ? [] : [{ strategy: each.strategy, gains }];
  });
  const place = ({ strategy }: Pick<Tried, 'strategy'>) => belief.strategies.indexOf(strategy);
  const observed = Matrix.zeros(others.length + 1, belief.strategies.length);
  for (let row = 0; row <= others.length; row++) {
    const other = others[row];
    if (other !== undefined) observed.set(row, place(other), 1);
    observed.set(row, place(reference), other === undefined ? 1 : -1);
  }
  const found = [...others.map(({ gains }) => meanOf(gains)), shareOf(reference.right)];
  return afterObserving(belief, {
    observed,
    found: Matrix.columnVector(found),
    errors: errorsOf(others, reference),
  });
}

function afterObserving(
  { strategies, mean, covariance }: Belief,
  of: { readonly observed: Matrix; readonly found: Matrix; readonly errors: Matrix },
): Belief {
  const { observed, found, errors } = of;
  const prior = Matrix.columnVector([...mean]);
  const cross = covariance.mmul(observed.transpose());
  const gain = cross.mmul(inverse(observed.mmul(cross).add(errors)));
  const moved = Matrix.add(prior, gain.mmul(Matrix.sub(found, observed.mmul(prior))));
  const left = Matrix.sub(covariance, gain.mmul(cross.transpose()));
  // Rounding makes it a little askew.
  const symmetric = Matrix.add(left, left.transpose()).mul(0.5);
  return { strategies, mean: moved.to1DArray(), covariance: symmetric };
}

interface Compared {
  readonly strategy: StrategyName;
  /** How it did on each image that both were tried on: 1 won, -1 lost, 0 the same. */
  readonly gains: ReadonlyMap<string, number>;
}

function gainsOver(reference: Tried, { right }: Tried): ReadonlyMap<string, number> {
  return new Map(
    [...right].flatMap(([image, isRight]) => {
      const other = reference.right.get(image);
      return other === undefined ? [] : [[image, Number(isRight) - Number(other)] as const];
    }),
  );
}

/** The covariance of what was observed around what runs reach on new images; the reference's level comes last. */
function errorsOf(others: readonly Compared[], { right }: Tried): Matrix {
  const size = others.length;
  const errors = Matrix.zeros(size + 1, size + 1);
  others.forEach((a, i) => {
    others.forEach((b, j) => {
      // What the reference reaches later is in all differences to it.
      const transfer = (i === j ? 2 : 1) * TRANSFER ** 2;
      errors.set(i, j, transfer + (i === j ? varianceOf(a) : covarianceOf(a, b)));
    });
  });
  const p = shareOf(right);
  errors.set(size, size, (p * (1 - p)) / right.size + 1 / right.size ** 2 + TRANSFER ** 2);
  return errors;
}

/** The variance of the mean difference (McNemar's), with one image more that differs: that there is none is never certain. */
function varianceOf({ gains }: Compared): number {
  const size = gains.size;
  const squares = [...gains.values()].reduce((sum, gain) => sum + gain ** 2, 0);
  return (squares + 1 - size * meanOf(gains) ** 2) / size ** 2;
}

/** The covariance of two mean differences, some images of which are the same. */
function covarianceOf(a: Compared, b: Compared): number {
  const [meanA, meanB] = [meanOf(a.gains), meanOf(b.gains)];
  let sum = 0;
  for (const [image, gain] of a.gains) {
    const other = b.gains.get(image);
    if (other !== undefined) sum += (gain - meanA) * (other - meanB);
  }
  return sum / (a.gains.size * b.gains.size);
}

const meanOf = (gains: ReadonlyMap<string, number>) =>
  [...gains.values()].reduce((sum, gain) => sum + gain, 0) / Math.max(1, gains.size);

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
