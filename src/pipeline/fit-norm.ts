import type { Tensor } from '../base/tensor.ts';
import type { ImageEntry } from '../dataset/types.ts';
import { boundaryBehind } from '../network/boundary.ts';
import { HEAD_NORM } from '../network/head.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { plainRows, type SourceSetting } from './phase-sources.ts';

/** Training images that the statistics are of, at most: more would move them by little. */
const MOST_IMAGES = 1024;

/** How many training images the batch norm of a head is fitted to; none without one. */
export function fittedImages(network: NetworkSpec, trained: number): number {
  return network.layers.some(({ name }) => name === HEAD_NORM) ? Math.min(MOST_IMAGES, trained) : 0;
}

/**
 * Sets the statistics of the batch norm in the head `levels` to the means and variances of what the
 * starting weights make of the training images, so that a linear classifier starts on features of one
 * size. They stay so: in small batches, and in passes of a batch, statistics would be noise.
 */
export async function withFittedNorm(setting: SourceSetting): Promise<SourceSetting> {
  const { network, config, split } = setting;
  const from = boundaryBehind(network, 'levels');
  const images = evenly(split.train, fittedImages(network, split.train.length));
  const rows = await plainRows(setting, images, from);
  const moments = createMoments(network.shapes[from - 1]?.[0] ?? 0);
  try {
    const order = rows.labels.map((_, at) => at);
    for await (const batch of rows.batches(order, { batchSize: config.batchSize, epoch: 0 })) {
      moments.add(batch.rows, batch.positions.length);
    }
  } finally {
    await rows.release();
  }
  const weights = new Map(setting.weights);
  for (const [suffix, tensor] of moments.statistics())
    weights.set(`${HEAD_NORM}.${suffix}`, tensor);
  return { ...setting, weights };
}

/** As many as asked for, at equal distances, so that each class has its share. */
function evenly(images: readonly ImageEntry[], most: number): readonly ImageEntry[] {
  if (images.length <= most) return images;
  return Array.from(
    { length: most },
    (_, i) => images[Math.floor((i * images.length) / most)],
  ).filter((image) => image !== undefined);
}

/** Means and (biased) variances of rows of features, in float64. */
function createMoments(width: number) {
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  let count = 0;
  return {
    add(rows: ArrayLike<number>, images: number): void {
      for (let image = 0; image < images; image++) {
        for (let i = 0; i < width; i++) {
          const value = rows[image * width + i] ?? 0;
          sums[i] = (sums[i] ?? 0) + value;
          squares[i] = (squares[i] ?? 0) + value * value;
        }
      }
      count += images;
    },
    /** No image could be read: the batch norm stays as it is. */
    statistics(): [suffix: string, Tensor][] {
      if (count === 0) return [];
      const mean = sums.map((sum) => sum / count);
      const variance = squares.map((sum, i) => Math.max(0, sum / count - (mean[i] ?? 0) ** 2));
      return [
        ['running_mean', { shape: [width], data: Float32Array.from(mean) }],
        ['running_var', { shape: [width], data: Float32Array.from(floored(variance)) }],
      ];
    },
  };
}

/** A channel that hardly varies on these images is not blown up to noise. */
const LEAST_VARIANCE = 1e-3;

function floored(variances: Float64Array): Float64Array {
  const average = variances.reduce((sum, value) => sum + value, 0) / variances.length;
  return variances.map((value) => Math.max(value, LEAST_VARIANCE * average));
}
