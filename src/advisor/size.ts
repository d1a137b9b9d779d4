/** Whether the data set is small or large. */
export interface SizeEvidence {
  /** The number of training images; near-duplicates count once. */
  readonly images: number;
  readonly classes: number;
  readonly perClass: {
    readonly fewest: number;
    readonly median: number;
    readonly mean: number;
    readonly most: number;
  };
  /** The ratio of the largest class to the smallest. */
  readonly imbalance: number;
  readonly verdict: 'small' | 'large';
  readonly confidence: number;
  readonly reason: string;
}

/** The sizes from which a data set counts as large; reaching either is enough. */
export interface SizeThresholds {
  /** Mean number of images per class. */
  readonly largePerClass: number;
  readonly largeInAll: number;
}

/**
 * Judges the size by two thresholds in common use: 1,000 images per class (a handbook's rule), and 20,000
 * images in all (BiT, Kolesnikov et al. 2020).
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
