import { evenSample } from '../../base/even-sample.ts';
import type { Tensor } from '../../base/tensor.ts';
import { boundaryBehind } from '../../network/boundary.ts';
import { HEAD_NORM } from '../../network/head.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import { plainRows } from '../prepare/samples.ts';

/** The largest number of training images for the statistics: more would change them little. */
const MOST_IMAGES = 1024;

/** The number of training images to which the batch norm of a head is fitted; 0 without one. */
export function fittedImages(network: NetworkSpec, trained: number): number {
  return network.layers.some(({ name }) => name === HEAD_NORM) ? Math.min(MOST_IMAGES, trained) : 0;
}

/**
 * Sets the statistics of the batch norm in the head `levels` to those of what the starting weights make of
 * the training images: the mean of each channel, and for all channels of a level their average variance.
 * So a linear classifier starts on levels of one size, in which channels that vary more still do: scaling
 * each by itself would blow up those that say little. The statistics stay: in small batches, and in
 * passes of a batch, they would be noise.
 */
export async function withFittedNorm(setting: SampleSetting): Promise<SampleSetting> {
  const { network, config, split } = setting;
  const from = boundaryBehind(network, 'levels');
  const images = evenSample(split.train, fittedImages(network, split.train.length));
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
  for (const [suffix, tensor] of moments.statistics(levelsOf(network))) {
    weights.set(`${HEAD_NORM}.${suffix}`, tensor);
  }
  return { ...setting, weights };
}

/** How many channels each level has. */
function levelsOf({ layers }: NetworkSpec): readonly number[] {
  return layers.flatMap((layer) =>
    layer.kind === 'levels' ? layer.sources.map(({ channels }) => channels) : [],
  );
}

/** Means and (biased) variances over rows of features, in float64. */
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
    /** Returns undefined where no image could be read: the batch norm stays as it is. */
    statistics(levels: readonly number[]): [suffix: string, Tensor][] {
      if (count === 0) return [];
      const mean = sums.map((sum) => sum / count);
      const variance = squares.map((sum, i) => Math.max(0, sum / count - (mean[i] ?? 0) ** 2));
      return [
        ['running_mean', { shape: [width], data: Float32Array.from(mean) }],
        ['running_var', { shape: [width], data: Float32Array.from(averaged(variance, levels)) }],
      ];
    },
  };
}

/** Replaces every value by the average of its group, for groups of these sizes in order. */
function averaged(values: Float64Array, groups: readonly number[]): Float64Array {
  const out = new Float64Array(values.length);
  let start = 0;
  for (const size of groups) {
    const group = values.subarray(start, start + size);
    out.fill(group.reduce((sum, value) => sum + value, 0) / size, start, start + size);
    start += size;
  }
  return out;
}
