/** Whether there is little data or much. */
export interface SizeEvidence {
  /** Images to train on, near-duplicates counted once. */
  readonly images: number;
  readonly classes: number;
  readonly perClass: {
    readonly fewest: number;
    readonly median: number;
    readonly mean: number;
    readonly most: number;
  };
  /** Images of the largest class for each one of the smallest. */
  readonly imbalance: number;
  readonly verdict: 'small' | 'large';
  readonly confidence: number;
  readonly reason: string;
}

/** From where on a data set counts as large; either is enough. */
export interface SizeThresholds {
  /** Images a class, in the mean. */
  readonly largePerClass: number;
  readonly largeInAll: number;
}

/**
 * Small or large, by two borders in use: a common handbook's of 1,000 images a class, and BiT's
 * (Kolesnikov et al. 2020) of 20,000 in all.
 *
 * @param counts images to train on by class
 */
export function judgeSize(counts: readonly number[], thresholds: SizeThresholds): SizeEvidence {
  const sorted = [...counts].sort((a, b) => a - b);
  const images = counts.reduce((sum, count) => sum + count, 0);
  const mean = images / counts.length;
  const fewest = sorted[0] ?? 0;
  const most = sorted.at(-1) ?? 0;
  const nearness = Math.max(mean / thresholds.largePerClass, images / thresholds.largeInAll);
  const large = nearness >= 1;
  const border = `${thresholds.largePerClass} a class or ${thresholds.largeInAll} in all`;
  return {
    images,
    classes: counts.length,
    perClass: { fewest, median: medianOf(sorted), mean, most },
    imbalance: most / Math.max(1, fewest),
    verdict: large ? 'large' : 'small',
    confidence: Math.min(0.99, 1 - 0.5 * 5 ** -Math.abs(Math.log2(Math.max(nearness, 1e-9)))),
    reason: `${large ? 'large' : 'small'} data: ${images} images to train on, ${mean.toFixed(0)} a class (large is ${border})`,
  };
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? 0;
  const high = sorted[Math.floor(middle)] ?? low;
  return (low + high) / 2;
}
