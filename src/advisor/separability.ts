import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Features of a sample of images at one depth, with their classes. */
export interface LabelledFeatures {
  /** [images, width], row-major. */
  readonly features: Float32Array;
  readonly width: number;
  /** [images]; class indices from 0. */
  readonly labels: readonly number[];
  readonly classes: number;
}

export interface Separability {
  /**
   * LogME (You et al. 2021): the maximised log evidence of a Bayesian linear model from features
   * to one-hot labels, per image and averaged over classes. Higher is better; comparable between
   * depths of one data set, not between data sets.
   */
  readonly logme: number;
  /**
   * Leave-one-out accuracy of a ridge classifier. How strongly it is regularised was chosen without
   * the images it is judged by.
   */
  readonly probeAccuracy: number;
  /** [images] Whether that classifier, fitted without the image, names its class. */
  readonly hits: readonly boolean[];
}

/** A thin decomposition of standardised features: F F^T = U diag(sigma2) U^T. */
interface Spectrum {
  readonly images: number;
  readonly width: number;
  /** [rank] non-negative squared singular values. */
  readonly sigma2: readonly number[];
  /** [images, rank] left singular vectors. */
  readonly left: Matrix;
}

/** The relative size below which a squared singular value is rounding noise. */
const RANK_TOLERANCE = 1e-10;
const RIDGE_GRID = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10] as const;
/** The number of folds; the regularisation for one is chosen on the others. */
const FOLDS = 5;

/**
 * How well a linear model on these features separates the classes. Both metrics have a closed form in one
 * symmetric eigendecomposition of the smaller Gram matrix.
 * @throws RangeError if the feature array does not have images * width elements
 */
export function separability(sample: LabelledFeatures): Separability {
  const images = sample.labels.length;
  if (sample.features.length !== images * sample.width) {
    throw new RangeError(
      `${images} images of width ${sample.width} have ${images * sample.width} features, not ${sample.features.length}`,
    );
  }
  const raw = toMatrix(sample.features, images, sample.width);
  const hits = probeHits(spectrumOf(standardised(raw)), sample);
  return {
    logme: logme(spectrumOf(raw), sample),
    probeAccuracy: countOf(hits) / images,
    hits,
  };
}

function toMatrix(features: Float32Array, rows: number, columns: number): Matrix {
  const matrix = Matrix.zeros(rows, columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      matrix.set(row, column, features[row * columns + column] as number);
    }
  }
  return matrix;
}

/** Each feature with mean 0 and deviation 1; a constant feature becomes 0. */
function standardised(features: Matrix): Matrix {
  const means = features.mean('column');
  const centred = features.clone().subRowVector(means);
  const deviations = centred
    .standardDeviation('column', { mean: means.map(() => 0), unbiased: false })
    .map((deviation) => (deviation > 1e-12 ? deviation : Number.POSITIVE_INFINITY));
  return centred.divRowVector(deviations);
}

function spectrumOf(features: Matrix): Spectrum {
  const images = features.rows;
  const width = features.columns;
  const wide = width > images;
  const transposed = features.transpose();
  const gram = wide ? features.mmul(transposed) : transposed.mmul(features);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, {
    assumeSymmetric: true,
  });
  const largest = Math.max(...realEigenvalues, 0);
  const kept = realEigenvalues.flatMap((value, index) =>
    value > largest * RANK_TOLERANCE && value > 0 ? [index] : [],
  );
  const vectors = eigenvectorMatrix.subMatrixColumn(kept);
  const sigma2 = kept.map((index) => realEigenvalues[index] as number);
  const left = wide
    ? vectors
    : features.mmul(vectors).divRowVector(sigma2.map((value) => Math.sqrt(value)));
  return { images, width, sigma2, left };
}

function logme(spectrum: Spectrum, sample: LabelledFeatures): number {
  const projected = spectrum.left.transpose().mmul(targetsOf(sample));
  let total = 0;
  for (let label = 0; label < sample.classes; label++) {
    const z2 = projected.getColumn(label).map((value) => value * value);
    const norm2 = sample.labels.filter((value) => value === label).length;
    total += evidence(spectrum, z2, norm2);
  }
  return total / sample.classes;
}

/**
 * The log evidence per image of one target, maximised over the prior's precision alpha and the
 * noise's precision beta by MacKay's fixed point, at most 11 rounds as in the reference
 * implementation of LogME (algorithm 3 of the paper: no matrix product inside the loop).
 *
 * @param z2 [rank] the target's squared projections on the left singular vectors
 * @param norm2 the target's squared length
 */
function evidence(spectrum: Spectrum, z2: readonly number[], norm2: number): number {
  const { images, width, sigma2 } = spectrum;
  const outside = Math.max(norm2 - sum(z2), 0);
  let alpha = 1;
  let beta = 1;
  let ratio = 1;
  let residual2 = 0;
  let weight2 = 0;
  for (let round = 0; round < 11; round++) {
    ratio = alpha / beta;
    const gamma = sum(sigma2.map((s) => s / (s + ratio)));
    weight2 = sum(sigma2.map((s, i) => (s * (z2[i] as number)) / (s + ratio) ** 2));
    residual2 = sum(sigma2.map((s, i) => (z2[i] as number) / (1 + s / ratio) ** 2)) + outside;
    alpha = gamma / (weight2 + 1e-5);
    beta = (images - gamma) / (residual2 + 1e-5);
    if (Math.abs(alpha / beta - ratio) / ratio <= 1e-3) break;
  }
  const logDeterminant =
    sum(sigma2.map((s) => Math.log(alpha + beta * s))) + (width - sigma2.length) * Math.log(alpha);
  return (
    ((width / 2) * Math.log(alpha) +
      (images / 2) * Math.log(beta) -
      logDeterminant / 2 -
      (beta / 2) * residual2 -
      (alpha / 2) * weight2 -
      (images / 2) * Math.log(2 * Math.PI)) /
    images
  );
}

/**
 * Leave-one-out hits. The images of a fold are judged at the regularisation that named most images of
 * the other folds right: the best of six on the same images would be too good.
 */
function probeHits(spectrum: Spectrum, sample: LabelledFeatures): readonly boolean[] {
  const projected = spectrum.left.transpose().mmul(targetsOf(sample));
  const byRidge = RIDGE_GRID.map((ridge) =>
    leaveOneOutHits({ spectrum, projected, sample }, ridge),
  );
  const folds = foldsOf(sample.labels);
  const best = Array.from({ length: FOLDS }, (_, fold) =>
    byRidge
      .map((hits) => ({ hits, others: countOf(hits.filter((_, image) => folds[image] !== fold)) }))
      .reduce((most, next) => (next.others > most.others ? next : most)),
  );
  return folds.map((fold, image) => best[fold]?.hits[image] === true);
}

/** [images] The images of each class are dealt out in turn. */
function foldsOf(labels: readonly number[]): readonly number[] {
  const dealt = new Map<number, number>();
  return labels.map((label) => {
    const before = dealt.get(label) ?? 0;
    dealt.set(label, before + 1);
    return before % FOLDS;
  });
}

const countOf = (hits: readonly boolean[]) => hits.filter(Boolean).length;

/** [images, classes], one-hot. */
function targetsOf({ labels, classes }: LabelledFeatures): Matrix {
  const targets = Matrix.zeros(labels.length, classes);
  labels.forEach((label, image) => {
    targets.set(image, label, 1);
  });
  return targets;
}

interface Probe {
  readonly spectrum: Spectrum;
  /** [rank, classes]: the targets on the left singular vectors. */
  readonly projected: Matrix;
  readonly sample: LabelledFeatures;
}

/**
 * Leave-one-out predictions of ridge regression to one-hot targets with an unpenalised mean, from
 * the hat matrix: a residual without image i is (y_i - f_i) / (1 - h_ii).
 */
function leaveOneOutHits({ spectrum, projected, sample }: Probe, ridge: number): boolean[] {
  const { images, left, sigma2, width } = spectrum;
  const shrink = sigma2.map((s) => s / (s + ridge * images * Math.max(width / images, 1)));
  const means = targetsOf(sample).mean('column');
  const fitted = left.mmul(projected.clone().mulColumnVector(shrink)).addRowVector(means);
  return sample.labels.map((label, image) => {
    const row = left.getRow(image);
    const leverage = 1 / images + sum(row.map((u, i) => u * u * (shrink[i] as number)));
    const own = Math.max(1 - leverage, 1e-9);
    const scores = fitted.getRow(image).map((fit, c) => {
      const target = c === label ? 1 : 0;
      return target - (target - fit) / own;
    });
    return scores.indexOf(Math.max(...scores)) === label;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
