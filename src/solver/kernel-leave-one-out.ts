import { inverse, Matrix } from 'ml-matrix';
import { groupBy } from '../base/group-by.ts';

export interface KernelProblem {
  /** [images, width], standardised. */
  readonly rows: Float32Array;
  readonly labels: readonly number[];
  /** Images of one group are copies of each other, and are left out together. */
  readonly groups: readonly string[];
  readonly classes: number;
}

/** The variance of the noise, as a share of the kernel at distance 0. */
const NOISE = 0.1;
/** Factors of the scores before the softmax; one is chosen. */
const FACTORS = [1, 2, 4, 6, 8, 12, 16, 24];

/**
 * The log-probabilities of each image by a kernel regression to one-hot labels without it and without its copies. The
 * kernel is exp(-distance / scale) (Laplacian; the scale is the median distance), so that likeness to single images
 * counts, which a linear layer does not see. No fit is repeated: with A = K + noise I + 1 (the ones are a bias that is
 * not penalised) and C = A^-1, the residuals of a group g that is left out are (C_gg)^-1 (C y)_g (Rasmussen and
 * Williams 2006, 5.4.2). The factor of the scores is the one with the least loss.
 * @returns [images, classes]
 */
export function kernelLeaveOneOut(problem: KernelProblem): Float64Array {
  const { labels, classes, groups } = problem;
  const covariance = inverse(kernelOf(problem));
  const targets = Matrix.zeros(labels.length, classes).sub(1 / classes);
  labels.forEach((label, image) => {
    targets.set(image, label, 1 - 1 / classes);
  });
  const weights = covariance.mmul(targets);
  const scores = Matrix.zeros(labels.length, classes);
  for (const members of membersOf(groups)) {
    const block = covariance.selection(members, members);
    const columns = [...Array(classes).keys()];
    const residuals = inverse(block).mmul(weights.selection(members, columns));
    members.forEach((image, at) => {
      for (const c of columns) scores.set(image, c, targets.get(image, c) - residuals.get(at, c));
    });
  }
  return calibrated(scores, labels);
}

function kernelOf({ rows, labels }: KernelProblem): Matrix {
  const images = labels.length;
  const distances = distancesOf(rows, images);
  const scale = medianOf(distances);
  const kernel = Matrix.zeros(images, images);
  for (let i = 0; i < images; i++) {
    kernel.set(i, i, 2 + NOISE);
    for (let j = 0; j < i; j++) {
      const alike = scale > 0 ? Math.exp(-(distances[place(i, j)] as number) / scale) : 1;
      kernel.set(i, j, 1 + alike);
      kernel.set(j, i, 1 + alike);
    }
  }
  return kernel;
}

/** The place of a pair, the first being the larger, in the list of all pairs. */
const place = (i: number, j: number) => (i * (i - 1)) / 2 + j;

function distancesOf(rows: Float32Array, images: number): Float64Array {
  const width = rows.length / images;
  const distances = new Float64Array(place(images, 0));
  for (let i = 0; i < images; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let at = 0; at < width; at++) {
        const difference = (rows[i * width + at] as number) - (rows[j * width + at] as number);
        sum += difference * difference;
      }
      distances[place(i, j)] = Math.sqrt(sum);
    }
  }
  return distances;
}

const medianOf = (values: Float64Array) =>
  Float64Array.from(values).sort()[Math.floor(values.length / 2)] ?? 0;

/** The images of each group. */
function membersOf(groups: readonly string[]): number[][] {
  return [...groupBy(groups.keys(), (image) => groups[image]).values()];
}

function calibrated(scores: Matrix, labels: readonly number[]): Float64Array {
  let best: { readonly loss: number; readonly logs: Float64Array } | undefined;
  for (const factor of FACTORS) {
    const logs = logSoftmax(scores, factor);
    const loss = labels.reduce(
      (sum, label, image) => sum - (logs[image * scores.columns + label] as number),
      0,
    );
    if (best === undefined || loss < best.loss) best = { loss, logs };
  }
  return best?.logs ?? new Float64Array();
}

function logSoftmax(scores: Matrix, factor: number): Float64Array {
  const { rows, columns } = scores;
  const logs = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const values = scores.getRow(row).map((value) => factor * value);
    const highest = Math.max(...values);
    const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
    values.forEach((value, c) => {
      logs[row * columns + c] = value - highest - total;
    });
  }
  return logs;
}
