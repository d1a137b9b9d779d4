import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VggtuneError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { canonicalJson, sha256 } from '../base/hash.ts';
import { isLocked, takeLock } from '../base/lock.ts';
import type { Storage } from '../base/storage.ts';
import { type NamedTensors, sizeOf } from '../base/tensor.ts';
import type { RunConfig } from '../config/schema.ts';
import { DECODER } from '../dataset/decode.ts';
import type { AugmentSpec, DecodeSpec, ImageEntry, Split } from '../dataset/types.ts';
import type { Engine, ForwardProgram } from '../engines/engine.ts';
import { carriedLevels, rowShape } from '../engines/rows.ts';
import { layerParameters } from '../network/parameters.ts';
import type { NetworkSpec } from '../network/spec.ts';
import { buildFeatures, type FeatureTable, featureSource } from '../training/feature-rows.ts';
import { type FeatureStore, openFeatureStore } from '../training/feature-store.ts';
import { freshSource } from '../training/fresh-rows.ts';
import type { PhaseSources } from '../training/job.ts';
import { createPixelReader } from '../training/pixels.ts';
import type { TrainPhase } from '../training/plan.ts';
import {
  type ImageRows,
  type PixelRequest,
  pixelSource,
  type ReadPixels,
  viewsByEpoch,
} from '../training/rows.ts';
import { featuresFolder, makeRoom, useFeatures } from './feature-cache.ts';

export interface SourceSetting {
  readonly engine: Engine;
  readonly network: NetworkSpec;
  /** Of the frozen layers at least. */
  readonly weights: NamedTensors;
  readonly config: RunConfig;
  /** Of the data set. */
  readonly root: string;
  readonly split: Split;
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** Raised when cached activations are no longer what they would be if computed again. */
const FEATURES_VERSION = 1;

/** How pixels are made for a network. */
export function decodeSpec(network: NetworkSpec, background: string): DecodeSpec {
  const { size, resize } = network.preprocessing;
  return { size, resize, background };
}

/** The config's augmentation as the data set takes it, without the number of views. */
export function augmentSpec({ augment }: RunConfig): AugmentSpec {
  const { crop, views: _, ...rest } = augment;
  return crop === null ? rest : { crop, ...rest };
}

export function changesAnything({ crop, flip, ...rest }: AugmentSpec): boolean {
  const { rotate, brightness, contrast, saturation, hue } = rest;
  return crop !== undefined || [flip, rotate, brightness, contrast, saturation, hue].some(Boolean);
}

/** Rows of the frozen prefix in one run: as many pixels as four images of 224 x 224 have. */
export function prefixBatch(network: NetworkSpec): number {
  const pixels = network.preprocessing.size ** 2;
  return Math.max(1, Math.min(32, Math.floor((4 * 224 * 224) / pixels)));
}

/**
 * What each phase reads. Below a freeze boundary the frozen layers run once an image and view,
 * through the cache; a phase whose every epoch has new views runs them as it goes. The warm-up sees
 * plain images: it only places the head.
 */
export function createPhaseSources(setting: SourceSetting) {
  const { config, split } = setting;
  const read = pixelReader(setting);
  const augmented = changesAnything(augmentSpec(config));
  const { views } = config.augment;

  return async (phase: TrainPhase): Promise<PhaseSources> => {
    const held = split.val.length > 0 && !phase.refit;
    const images = phase.refit ? [...split.train, ...split.val] : split.train;
    if (phase.from === 0) {
      const view = viewsByEpoch(augmented, views);
      const train = pixelSource({ images, view, readPixels: read });
      return { train, release, ...(held && { validation: plainPixels(split.val, read) }) };
    }
    return withCache(setting, phase.from, async (cache) => {
      const cached = { setting, cache, from: phase.from, read };
      const validation = held ? await plainFeatures(cached, split.val) : undefined;
      const changing = augmented && phase.name === 'main';
      const fresh = changing && views === 0;
      const train = fresh
        ? await freshRows(cached, images)
        : { ...(await viewFeatures(cached, { images, views: changing ? views : 0 })), release };
      return {
        train,
        ...(validation !== undefined && { validation }),
        release: async () => {
          await train.release();
          await cache.release();
        },
      };
    });
  };
}

/** Of what holds nothing. */
const release = async () => {};

async function freshRows({ setting, cache, from, read }: Cached, images: readonly ImageEntry[]) {
  const { config } = setting;
  const view = viewsByEpoch(true, 0);
  return freshSource({
    pixels: pixelSource({ images, view, readPixels: read }),
    prefix: await compilePrefix(setting, from, config.batchSize),
    rowLength: cache.store.rowLength,
  });
}

function pixelReader(setting: SourceSetting): ReadPixels {
  const { config, network, root, emit } = setting;
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

function plainPixels(images: readonly ImageEntry[], readPixels: ReadPixels): ImageRows {
  return pixelSource({ images, view: () => ({ kind: 'plain' }), readPixels });
}

/** How many changed views of an image training takes from the cache: 0 where it sees images as they are. */
export function cachedViews(config: RunConfig): number {
  return changesAnything(augmentSpec(config)) ? config.augment.views : 0;
}

/** The rows of augmented views of some images at a boundary above the pixels: that of epoch v is view v. */
export async function augmentedRows(
  setting: SourceSetting,
  images: readonly ImageEntry[],
  { from, views }: { readonly from: number; readonly views: number },
): Promise<ImageRows & { release(): Promise<void> }> {
  const read = pixelReader(setting);
  return withCache(setting, from, async (cache) => ({
    ...(await viewFeatures({ setting, cache, from, read }, { images, views })),
    release: cache.release,
  }));
}

/** The plain rows of some images at a boundary, for use beside training; 0 for pixels. */
export async function plainRows(
  setting: SourceSetting,
  images: readonly ImageEntry[],
  from: number,
): Promise<ImageRows & { release(): Promise<void> }> {
  const read = pixelReader(setting);
  if (from === 0) return { ...plainPixels(images, read), release };
  return withCache(setting, from, async (cache) => ({
    ...(await plainFeatures({ setting, cache, from, read }, images)),
    release: cache.release,
  }));
}

interface Cached {
  readonly setting: SourceSetting;
  readonly cache: Cache;
  readonly from: number;
  readonly read: ReadPixels;
}

async function plainFeatures(cached: Cached, images: readonly ImageEntry[]): Promise<ImageRows> {
  const requests = images.map((image) => ({ image, view: { kind: 'plain' as const } }));
  const table = await features(cached, requests);
  return featureSource({ images, table, views: 1, rowLength: cached.cache.store.rowLength });
}

/** @param views augmented views of each image; 0: the plain one */
async function viewFeatures(
  cached: Cached,
  { images, views }: { readonly images: readonly ImageEntry[]; readonly views: number },
): Promise<ImageRows> {
  if (views === 0) return plainFeatures(cached, images);
  const requests = Array.from({ length: views }, (_, view) =>
    images.map((image) => ({ image, view: { kind: 'augmented' as const, view } })),
  ).flat();
  const table = await features(cached, requests);
  return featureSource({ images, table, views, rowLength: cached.cache.store.rowLength });
}

function features(cached: Cached, requests: readonly PixelRequest[]): Promise<FeatureTable> {
  const { setting, cache, from, read } = cached;
  const batchSize = prefixBatch(setting.network);
  const augment = sha256(canonicalJson([augmentSpec(setting.config), setting.config.seed]));
  return buildFeatures({
    store: cache.store,
    requests,
    keyOf: ({ image, view }) =>
      view.kind === 'plain' ? image.hash : `${image.hash} ${augment} ${view.view}`,
    readPixels: read,
    prefix: () => compilePrefix(setting, from, batchSize),
    batchSize,
    signal: setting.signal,
    emit: setting.emit,
    ...(setting.config.cache && { exclusive: oneAtATime(setting, cache.folder) }),
  });
}

/** So long a run waits for activations that another one computes; then it computes them itself. */
const PATIENCE_MS = 3_600_000;

function notWaitedFor({ message, details }: VggtuneError) {
  return {
    type: 'warning',
    code: 'not-waited-for',
    message: `${message} (${details.found}, ${details.where}): this run does so, too`,
  } as const;
}

/**
 * Runs of a batch want the same activations at the same time: one computes them, the others wait
 * and read. A folder in which no lock can be written goes without.
 */
function oneAtATime({ signal, emit }: SourceSetting, folder: string) {
  const options = {
    busy: 'another run computes the same activations',
    patience: PATIENCE_MS,
    signal,
    onWait: (owner: string) =>
      emit({
        type: 'note',
        message: `waiting for another run that computes the same activations (${owner})`,
      }),
  };
  return async <T>(compute: () => Promise<T>): Promise<T> => {
    const unlock = await takeLock(join(folder, 'lock'), options).catch((error: unknown) => {
      if (signal.aborted) throw error;
      // Two that compute the same write files of their own: it costs time alone.
      if (isLocked(error)) emit(notWaitedFor(error));
    });
    try {
      return await compute();
    } finally {
      await unlock?.();
    }
  };
}

function compilePrefix(
  { engine, network, weights }: SourceSetting,
  to: number,
  batchSize: number,
): Promise<ForwardProgram> {
  return engine.compileForward({ network, from: 0, to, weights, batchSize, carry: true });
}

interface Cache {
  readonly folder: string;
  readonly store: FeatureStore;
  release(): Promise<void>;
}

/** The store for the activations at a boundary; without `cache` one that is removed at the end. */
async function openCache(setting: SourceSetting, from: number): Promise<Cache> {
  const { config, network, storage, emit } = setting;
  const folder = config.cache
    ? join(featuresFolder(storage), prefixKey(setting, from))
    : await mkdtemp(join(tmpdir(), 'vggtune-features-'));
  const rowLength = sizeOf(rowShape(network, from));
  if (config.cache) await makeRoom(folder, { storage, emit });
  const unmark = config.cache ? await useFeatures(folder) : undefined;
  const store = await openFeatureStore({ folder, rowLength, emit });
  return {
    folder,
    store,
    release: async () => {
      await store.close();
      await unmark?.();
      if (config.cache) await makeRoom(folder, { storage, emit });
      else await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Opens the store for whoever then releases it; it is released here if `use` fails. */
async function withCache<T>(
  setting: SourceSetting,
  from: number,
  use: (cache: Cache) => Promise<T>,
): Promise<T> {
  const cache = await openCache(setting, from);
  try {
    return await use(cache);
  } catch (error) {
    await cache.release();
    throw error;
  }
}

/** Everything but the picture that the activations at a boundary depend on. */
function prefixKey(setting: SourceSetting, from: number): string {
  const { engine, network, config, weights } = setting;
  const layers = network.layers.slice(0, from);
  const carried = carriedLevels(network, from).map(({ layer }) => layer);
  const hash = createHash('sha256');
  hash.update(
    canonicalJson({
      version: FEATURES_VERSION,
      engine: [engine.name, engine.device, engine.version],
      decoder: DECODER,
      decode: decodeSpec(network, config.image.background),
      preprocessing: network.preprocessing,
      layers,
      ...(carried.length > 0 && { carried }),
    }),
  );
  for (const { name } of layers.flatMap(layerParameters)) {
    const data = weights.get(name)?.data;
    if (data !== undefined) hash.update(name).update(data);
  }
  return hash.digest('hex').slice(0, 32);
}
