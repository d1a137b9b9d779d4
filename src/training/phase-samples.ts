import type { RunConfig } from '../config/schema.ts';
import { augments } from '../dataset/pixel-specs.ts';
import type { ImageEntry, Split } from '../dataset/types.ts';
import type { PhaseSources } from './job.ts';
import {
  type ImageRows,
  pixelSource,
  type ReadPixels,
  type RowSource,
  viewsByEpoch,
} from './sample-source.ts';
import type { TrainPhase } from './train-plan.ts';

/** A resource that must be released after use. */
export interface Held {
  release(): Promise<void>;
}

/** Activations at one boundary. */
export interface FeatureReader extends Held {
  /**
   * Returns the activations of augmented views of each image, or with 0 views of the plain images, through
   * the cache.
   */
  cached(images: readonly ImageEntry[], views: number): Promise<ImageRows>;
  /**
   * Returns the activations of a new view of each image in each epoch: the frozen layers run while it is
   * read.
   */
  uncached(images: readonly ImageEntry[]): Promise<RowSource & Held>;
}

/** Reads images as pixels, or as activations at a freeze boundary. */
export interface SampleReader {
  readonly pixels: ReadPixels;
  features(from: number): Promise<FeatureReader>;
}

export interface PhaseSamplesOptions {
  readonly reader: SampleReader;
  readonly config: Pick<RunConfig, 'augment'>;
  readonly split: Split;
}

/**
 * Opens the samples for training and validation of a phase. Below a freeze boundary the frozen layers run
 * once per image and view, through the cache; a phase with new views in every epoch runs them as it goes. The
 * warm-up sees plain images: it only prepares the head.
 */
export async function openPhaseSamples(
  phase: TrainPhase,
  { reader, config, split }: PhaseSamplesOptions,
): Promise<PhaseSources> {
  const { views } = config.augment;
  const held = phase.refit ? [] : split.val;
  const images = phase.refit ? [...split.train, ...split.val] : split.train;
  if (phase.from === 0) return pixelSamples(reader.pixels, { images, held, config });
  const features = await reader.features(phase.from);
  try {
    const changing = augments(config) && phase.name === 'main';
    const validation = held.length > 0 ? await features.cached(held, 0) : undefined;
    const uncached = changing && views === 0 ? await features.uncached(images) : undefined;
    const train = uncached ?? (await features.cached(images, changing ? views : 0));
    return {
      train,
      ...(validation !== undefined && { validation }),
      release: async () => {
        await uncached?.release();
        await features.release();
      },
    };
  } catch (error) {
    await features.release();
    throw error;
  }
}

function pixelSamples(
  readPixels: ReadPixels,
  of: {
    readonly images: readonly ImageEntry[];
    readonly held: readonly ImageEntry[];
    readonly config: Pick<RunConfig, 'augment'>;
  },
): PhaseSources {
  const view = viewsByEpoch(augments(of.config), of.config.augment.views);
  const train = pixelSource({ images: of.images, view, readPixels });
  const validation = plainPixels(of.held, readPixels);
  return { train, ...(of.held.length > 0 && { validation }), release: async () => {} };
}

/** Images as they are, as pixels. */
export function plainPixels(images: readonly ImageEntry[], readPixels: ReadPixels): ImageRows {
  return pixelSource({ images, view: () => ({ kind: 'plain' }), readPixels });
}
