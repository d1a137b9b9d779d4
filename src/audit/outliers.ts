import { evenSample } from '../base/even-sample.ts';

/** The number of neighbours whose mean distance says how far out an image is. */
const NEIGHBOURS = 5;
/** A modified z-score above this is an outlier (Iglewicz and Hoaglin 1993). */
const FAR = 3.5;
/** The most images among which neighbours are looked for: the work is this times the number of images. */
const COMPARED = 2000;
/** The median absolute deviation of a normal distribution, in standard deviations. */
const NORMAL = 0.6745;

/**
 * How far each image is from those most like it: the mean distance to its nearest images, as a modified z-score of
 * its logarithm over the data set. From 3.5 on it is out of place. Of a large data set neighbours are looked for in an
 * evenly spaced sample.
 * @param features [images, width], standardised
 * @param groups a name for each image: copies of it do not count as neighbours
 * @returns [images]
 */
export function outlierScores(
  features: Float32Array,
  { groups }: { readonly groups: readonly string[] },
): Float64Array {
  const images = groups.length;
  const width = features.length / Math.max(1, images);
  const others = evenSample([...groups.keys()], COMPARED);
  const logs = new Float64Array(images);
  for (let image = 0; image < images; image++) {
    logs[image] = Math.log(
      Math.max(1e-12, meanNearest(features, { image, others, width, groups })),
    );
  }
  return modifiedScores(logs);
}

export const isOutlier = (score: number) => score > FAR;

function meanNearest(
  features: Float32Array,
  of: {
    readonly image: number;
    readonly others: readonly number[];
    readonly width: number;
    readonly groups: readonly string[];
  },
): number {
  const { image, others, width, groups } = of;
  const nearest: number[] = [];
  for (const other of others) {
    if (groups[other] === groups[image]) continue;
    const most = nearest.length < NEIGHBOURS ? Number.POSITIVE_INFINITY : (nearest.at(-1) ?? 0);
    const distance = squaredDistance(features, { a: image, b: other, width, most });
    if (distance >= most) continue;
    nearest.push(distance);
    nearest.sort((a, b) => a - b);
    nearest.splice(NEIGHBOURS);
  }
  return nearest.reduce((sum, squared) => sum + Math.sqrt(squared), 0) / (nearest.length || 1);
}

/** @param of `most`: gives up as soon as the distance is known to be larger */
function squaredDistance(
  features: Float32Array,
  of: { readonly a: number; readonly b: number; readonly width: number; readonly most: number },
): number {
  const { a, b, width, most } = of;
  let sum = 0;
  for (let i = 0; i < width; i++) {
    const difference = (features[a * width + i] as number) - (features[b * width + i] as number);
    sum += difference * difference;
    if (sum >= most) return sum;
  }
  return sum;
}

/** (x - median) / MAD, in deviations of a normal distribution; all 0 where nothing varies. */
export function modifiedScores(values: Float64Array): Float64Array {
  const median = medianOf(values);
  const spread = medianOf(values.map((value) => Math.abs(value - median)));
  return values.map((value) => (spread > 0 ? (NORMAL * (value - median)) / spread : 0));
}

function medianOf(values: Float64Array): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
