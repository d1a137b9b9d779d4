import { sizeOf } from '../../base/tensor.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import type { ForwardProgram } from '../../engines/engine.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { ImageRows } from '../../training/sample-source.ts';
import { prefixBatch } from '../prepare/prefix-batch.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import { augmentedRows, plainRows } from '../prepare/samples.ts';

export interface GatherRequest {
  readonly images: readonly ImageEntry[];
  /** Augmented views of each image beside the plain one. */
  readonly views: number;
  /** Layers below `frozen` never change in training; `features` is the boundary of the features. */
  readonly boundaries: { readonly frozen: number; readonly features: number };
}

export interface GatheredFeatures {
  /** [samples.length, width] */
  readonly features: Float32Array;
  /** The image of each sample: all plain ones first, then view after view. */
  readonly samples: readonly ImageEntry[];
  /** The number of images that could be read; as many samples are plain. */
  readonly images: number;
}

/**
 * Computes the features of images at a boundary of the head, in memory. Where training reads activations at a
 * freeze boundary below, the features are computed from those, so that the expensive layers run once per
 * image and view.
 */
export async function gatherFeatures(
  setting: SampleSetting,
  { images, views, boundaries }: GatherRequest,
): Promise<GatheredFeatures> {
  const { frozen, features } = boundaries;
  const from = frozen > 0 && frozen < features ? frozen : features;
  const rest = from < features ? await compileRest(setting, from, features) : undefined;
  const parts: Float32Array[] = [];
  const samples: ImageEntry[] = [];
  let plain = 0;
  try {
    const append = async (rows: ImageRows & { release(): Promise<void> }, epochs: number) => {
      try {
        for (let epoch = 0; epoch < epochs; epoch++) {
          for await (const { row, image } of rowsOf(rows, { epoch, rest, setting })) {
            parts.push(row);
            samples.push(image);
          }
        }
      } finally {
        await rows.release();
      }
    };
    await append(await plainRows(setting, images, from), 1);
    plain = samples.length;
    if (views > 0) await append(await augmentedRows(setting, images, { from, views }), views);
  } finally {
    await rest?.release();
  }
  const width = sizeOf(setting.network.shapes[features - 1] ?? []);
  const all = new Float32Array(samples.length * width);
  parts.forEach((row, i) => {
    all.set(row, i * width);
  });
  return { features: all, samples, images: plain };
}

function compileRest(setting: SampleSetting, from: number, to: number): Promise<ForwardProgram> {
  const { engine, network, weights } = setting;
  return engine.compileForward({ network, weights, from, to, batchSize: prefixBatch(network) });
}

async function* rowsOf(
  source: ImageRows,
  of: {
    readonly epoch: number;
    readonly rest: ForwardProgram | undefined;
    readonly setting: SampleSetting;
  },
): AsyncGenerator<{ readonly row: Float32Array; readonly image: ImageEntry }> {
  const batchSize = prefixBatch(of.setting.network);
  const order = source.labels.map((_, position) => position);
  for await (const batch of source.batches(order, { batchSize, epoch: of.epoch })) {
    const count = batch.positions.length;
    if (count === 0) continue;
    const rows = of.rest === undefined ? batch.rows : await of.rest.run(batch.rows, count);
    if (rows instanceof Uint8Array) throw new TypeError('a head reads activations');
    const width = rows.length / count;
    for (const [i, position] of batch.positions.entries()) {
      const image = source.images[position] as ImageEntry;
      yield { row: rows.slice(i * width, (i + 1) * width), image };
    }
  }
}

/** How many features each level of a head has: one level where it reads the last map alone. */
export function featureLevels(network: NetworkSpec, width: number): readonly number[] {
  const levels = network.layers.flatMap((layer) =>
    layer.kind === 'levels' ? layer.sources.map(({ channels }) => channels) : [],
  );
  return levels.length > 0 ? levels : [width];
}
