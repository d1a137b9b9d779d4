/** The mean and variance by which features are standardised, per column. */
export interface FeatureStatistics {
  /** [width] */
  readonly mean: Float64Array;
  /** [width]: of all columns of a level the same, the average of their (biased) variances. */
  readonly variance: Float64Array;
}

/**
 * The mean of each column of features, and for all columns of a level their average variance. So levels of
 * unlike depths get one size, while columns that vary more still do: to scale each column by itself would
 * blow up those that say little.
 *
 * @param features [count, sum of the levels], row by row
 * @param levels how many columns each level has
 */
export function featureStatistics(
  features: ArrayLike<number>,
  { count, levels }: { readonly count: number; readonly levels: readonly number[] },
): FeatureStatistics {
  const width = levels.reduce((sum, size) => sum + size, 0);
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) {
      mean[i] = (mean[i] as number) + (features[row * width + i] as number) / count;
    }
  }
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) {
      const away = (features[row * width + i] as number) - (mean[i] as number);
      variance[i] = (variance[i] as number) + (away * away) / count;
    }
  }
  averageByLevel({ mean, variance }, levels);
  return { mean, variance };
}

/** A variance this small beside the squared means is the rounding of features that are all equal. */
const ROUNDING = 1e-12;

/** Replaces the variance of every column by the average of its level. */
function averageByLevel({ mean, variance }: FeatureStatistics, levels: readonly number[]): void {
  let start = 0;
  for (const size of levels) {
    const level = variance.subarray(start, start + size);
    const average = level.reduce((sum, value) => sum + value, 0) / size;
    const means = mean.subarray(start, start + size);
    const squared = means.reduce((sum, value) => sum + value * value, 0) / size;
    level.fill(average > ROUNDING * squared ? average : 0);
    start += size;
  }
}

/** Features [count, width], centred and divided by their deviations; levels that never vary become 0. */
export function standardised(
  features: ArrayLike<number>,
  count: number,
  { mean, variance }: FeatureStatistics,
): Float32Array {
  const width = mean.length;
  const factors = variance.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0));
  const out = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) {
      const at = row * width + i;
      out[at] = ((features[at] as number) - (mean[i] as number)) * (factors[i] as number);
    }
  }
  return out;
}
