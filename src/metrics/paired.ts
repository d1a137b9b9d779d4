/** The mean of the differences between two values of each image, and its standard error. */
export interface PairedDifference {
  readonly mean: number;
  /** 0 of a single image, too. */
  readonly error: number;
}

/**
 * Compares two models image by image: what is hard for both is no difference. Of hits and misses the error is
 * McNemar's.
 */
export function pairedDifference(
  values: readonly number[],
  others: readonly number[],
): PairedDifference {
  const count = Math.max(1, values.length);
  const differences = values.map((value, image) => value - (others[image] ?? 0));
  const mean = differences.reduce((sum, each) => sum + each, 0) / count;
  const squares = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares) / count };
}
