import { canonicalJson, sha256 } from '../../base/hash.ts';
import { augmentSpec, decodeSpec } from '../../dataset/pixel-specs.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import type { ForwardProgram } from '../../engines/engine.ts';
import { buildFeatures, type FeatureTable, featureSource } from '../../training/feature-rows.ts';
import {
  type FeatureReader,
  type Held,
  plainPixels,
  type SampleReader,
} from '../../training/phase-samples.ts';
import { createPixelReader } from '../../training/pixel-reader.ts';
import {
  type ImageRows,
  type PixelRequest,
  pixelSource,
  type ReadPixels,
  viewsByEpoch,
} from '../../training/sample-source.ts';
import { uncachedSource } from '../../training/uncached-features.ts';
import { type OpenFeatures, openFeatures } from './open-features.ts';
import { prefixBatch } from './prefix-batch.ts';
import type { SampleSetting } from './sample-setting.ts';

/** Reads the images of a run as pixels, or as activations through the cache. */
export function createSampleReader(setting: SampleSetting): SampleReader {
  const pixels = pixelReader(setting);
  return { pixels, features: (from) => featureReader(setting, { from, pixels }) };
}

/** The plain samples of some images at a boundary, for use beside training; 0 for pixels. */
export async function plainRows(
  setting: SampleSetting,
  images: readonly ImageEntry[],
  from: number,
): Promise<ImageRows & Held> {
  if (from === 0) return { ...plainPixels(images, pixelReader(setting)), release: async () => {} };
  return augmentedRows(setting, images, { from, views: 0 });
}

/**
 * The samples of augmented views of some images at a boundary above the pixels: that of epoch v is view v.
 * @param of with 0 views the images as they are
 */
export async function augmentedRows(
  setting: SampleSetting,
  images: readonly ImageEntry[],
  of: { readonly from: number; readonly views: number },
): Promise<ImageRows & Held> {
  const reader = await createSampleReader(setting).features(of.from);
  try {
    return { ...(await reader.cached(images, of.views)), release: reader.release };
  } catch (error) {
    await reader.release();
    throw error;
  }
}

function pixelReader({ config, network, root, emit }: SampleSetting): ReadPixels {
  return createPixelReader({
    root,
    spec: decodeSpec(network, config.image.background),
    augment: augmentSpec(config),
    seed: config.seed,
    maxPixels: config.image.maxPixels,
    onBad: config.image.onBad,
    emit,
  });
}

interface FeatureSetting {
  /** Layers [0, from) are frozen. */
  readonly from: number;
  readonly pixels: ReadPixels;
}

async function featureReader(setting: SampleSetting, of: FeatureSetting): Promise<FeatureReader> {
  const opened = await openFeatures(setting, of.from);
  const { rowLength } = opened.store;
  return {
    cached: async (images, views) => {
      const table = await computed(setting, { ...of, opened, requests: requestsOf(images, views) });
      return featureSource({ images, table, views: Math.max(1, views), rowLength });
    },
    uncached: async (images) =>
      uncachedSource({
        pixels: pixelSource({ images, view: viewsByEpoch(true, 0), readPixels: of.pixels }),
        prefix: await compilePrefix(setting, of.from, setting.config.batchSize),
        rowLength,
      }),
    release: opened.release,
  };
}

/** View after view of all images; with 0 views the images as they are. */
function requestsOf(images: readonly ImageEntry[], views: number): readonly PixelRequest[] {
  if (views === 0) return images.map((image) => ({ image, view: { kind: 'plain' } }));
  return Array.from({ length: views }, (_, view) =>
    images.map((image) => ({ image, view: { kind: 'augmented' as const, view } })),
  ).flat();
}

function computed(
  setting: SampleSetting,
  of: FeatureSetting & {
    readonly opened: OpenFeatures;
    readonly requests: readonly PixelRequest[];
  },
): Promise<FeatureTable> {
  const { opened, requests, from, pixels } = of;
  const { network, config, signal, emit } = setting;
  const batchSize = prefixBatch(network);
  const augment = sha256(canonicalJson([augmentSpec(config), config.seed]));
  const { store, exclusive } = opened;
  return buildFeatures({
    store,
    requests,
    keyOf: ({ image, view }) =>
      view.kind === 'plain' ? image.hash : `${image.hash} ${augment} ${view.view}`,
    readPixels: pixels,
    prefix: () => compilePrefix(setting, from, batchSize),
    batchSize,
    signal,
    emit,
    ...(exclusive !== undefined && { exclusive }),
  });
}

function compilePrefix(
  { engine, network, weights }: SampleSetting,
  to: number,
  batchSize: number,
): Promise<ForwardProgram> {
  return engine.compileForward({ network, from: 0, to, weights, batchSize, carry: true });
}
