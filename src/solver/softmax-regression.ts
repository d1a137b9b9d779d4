import type { LinearProgram } from '../engines/engine.ts';
import { minimise } from './minimise.ts';

/** Samples of a linear classifier and the program that scores them. */
export interface RegressionProblem {
  readonly program: LinearProgram;
  readonly labels: readonly number[];
  readonly inputs: number;
  readonly classes: number;
  /** [labels.length]; zero leaves a sample out. */
  readonly sampleWeights: Float32Array;
  /** [inputs]: the mean square of each input; it saves iterations where these differ much. */
  readonly meanSquares?: Float64Array;
}

export interface Fit {
  /** The kernel [classes, inputs] and, behind it, the bias [classes]. */
  readonly parameters: Float64Array;
  /** The objective at the optimum. */
  readonly loss: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/** scikit-learn's default for L-BFGS (`tol`), on the gradient of a mean loss as here. */
const TOLERANCE = 1e-4;
const ITERATIONS = 500;

/**
 * Multinomial logistic regression with an L2 penalty, solved to its optimum: the weighted mean of the
 * cross-entropies plus `penalty / 2` times the squared norm of the kernel. The bias is not penalised.
 * scikit-learn's `C` is `1 / (penalty * samples)`.
 *
 * With a penalty above zero the optimum is unique, also where classes can be told apart without error.
 * @param options `start`: parameters to begin at, such as those of a similar penalty, instead of zeros;
 *   `gain`: a step that gains less than this share of the loss ends the search, by default one that gains nothing
 */
export async function fitRegression(
  problem: RegressionProblem,
  options: { readonly penalty: number; readonly start?: Float64Array; readonly gain?: number },
): Promise<Fit> {
  const { program, labels, inputs, classes } = problem;
  const { penalty, start, gain } = options;
  const size = classes * inputs;
  const total = problem.sampleWeights.reduce((sum, weight) => sum + weight, 0);
  const weights = problem.sampleWeights.map((weight) => weight / total);
  const gradient = new Float64Array(size + classes);
  let scored: Float32Array = new Float32Array();
  const { meanSquares } = problem;
  const found = await minimise(
    async (point) => {
      const evaluation = await program.evaluate(new Float32Array(point), weights);
      scored = evaluation.logProbabilities;
      const loss = weightedLoss(scored, { labels, classes, weights });
      gradient.set(evaluation.gradient);
      const kernel = point.subarray(0, size);
      return { value: loss + penalise(gradient, kernel, penalty), gradient };
    },
    {
      start: start?.slice() ?? new Float64Array(size + classes),
      tolerance: TOLERANCE,
      iterations: ITERATIONS,
      ...(gain !== undefined && { gain }),
      ...(meanSquares !== undefined && {
        curvatures: () => {
          const spread = meanSpread(scored, { classes, weights });
          return curvaturesOf(meanSquares, { inputs, classes, spread, penalty });
        },
      }),
    },
  );
  const { point: parameters, value: loss, iterations, converged } = found;
  return { parameters, loss, iterations, converged };
}

/** Adds the gradient of the penalty to that of the loss. @returns the penalty's part of the objective */
function penalise(gradient: Float64Array, kernel: Float64Array, penalty: number): number {
  let squares = 0;
  for (let i = 0; i < kernel.length; i++) {
    const weight = kernel[i] as number;
    squares += weight * weight;
    gradient[i] = (gradient[i] as number) + penalty * weight;
  }
  return (penalty / 2) * squares;
}

/**
 * The diagonal of the softmax's own Hessian, as if it did not depend on the inputs.
 *
 * @param spread the weighted mean of p (1 - p)
 */
function curvaturesOf(
  squares: Float64Array,
  { inputs, classes, spread, penalty }: Scale,
): Float64Array {
  const size = classes * inputs;
  return Float64Array.from({ length: size + classes }, (_, i) =>
    i < size ? spread * (squares[i % inputs] ?? 1) + penalty : spread,
  );
}

interface Scale {
  readonly inputs: number;
  readonly classes: number;
  readonly spread: number;
  readonly penalty: number;
}

/** The weighted sum of the cross-entropies, in float64. */
export function weightedLoss(
  logProbabilities: Float32Array,
  of: {
    readonly labels: readonly number[];
    readonly classes: number;
    readonly weights: ArrayLike<number>;
  },
): number {
  const { labels, classes, weights } = of;
  let loss = 0;
  labels.forEach((label, sample) => {
    const weight = weights[sample] ?? 0;
    if (weight > 0) loss -= weight * (logProbabilities[sample * classes + label] ?? 0);
  });
  return loss;
}

/** The lower bound on a curvature: a probability near 0 or 1 has little room to change. */
const LEAST_SPREAD = 1e-3;

/** The weighted mean of p (1 - p) over the samples and classes. */
function meanSpread(
  logProbabilities: Float32Array,
  of: { readonly classes: number; readonly weights: Float32Array },
): number {
  const { classes, weights } = of;
  let sum = 0;
  logProbabilities.forEach((log, i) => {
    const p = Math.exp(log);
    sum += (weights[Math.floor(i / classes)] ?? 0) * p * (1 - p);
  });
  return Math.max(LEAST_SPREAD, sum / classes);
}
