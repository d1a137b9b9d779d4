import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VggtuneError } from '../../base/errors.ts';
import { canonicalJson } from '../../base/hash.ts';
import { isLocked, takeLock } from '../../base/lock.ts';
import { sizeOf } from '../../base/tensor.ts';
import { decodeSpec } from '../../dataset/pixel-specs.ts';
import { DECODER } from '../../dataset/sharp.ts';
import { carriedLevels, rowShape } from '../../engines/rows.ts';
import { layerParameters } from '../../network/parameters.ts';
import { type FeatureStore, openFeatureStore } from '../../training/feature-store.ts';
import { featuresFolder, makeRoom, useFeatures } from './feature-cache.ts';
import type { SampleSetting } from './sample-setting.ts';

/** The version of cached activations; it is raised when a new computation would give other values. */
const FEATURES_VERSION = 1;

/** An open store of the activations at one boundary. */
export interface OpenFeatures {
  readonly store: FeatureStore;
  /** Runs work while no other process computes rows of this store; absent where none can. */
  readonly exclusive?: <T>(compute: () => Promise<T>) => Promise<T>;
  release(): Promise<void>;
}

/** Opens the store for the activations at a boundary; without `cache` one that is removed at the end. */
export async function openFeatures(setting: SampleSetting, from: number): Promise<OpenFeatures> {
  const { config, network, storage, emit } = setting;
  const rowLength = sizeOf(rowShape(network, from));
  if (!config.cache) {
    const folder = await mkdtemp(join(tmpdir(), 'vggtune-features-'));
    const store = await openFeatureStore({ folder, rowLength, emit });
    const release = async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    };
    return { store, release };
  }
  const folder = join(featuresFolder(storage), prefixKey(setting, from));
  await makeRoom(folder, { storage, emit });
  const unmark = await useFeatures(folder);
  const store = await openFeatureStore({ folder, rowLength, emit });
  const release = async () => {
    await store.close();
    await unmark();
    await makeRoom(folder, { storage, emit });
  };
  return { store, exclusive: oneAtATime(setting, folder), release };
}

/** The key of everything but the image that the activations at a boundary depend on. */
function prefixKey(setting: SampleSetting, from: number): string {
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

/** The time that a run waits for activations that another one computes; then it computes them itself. */
const PATIENCE_MS = 3_600_000;

function notWaitedFor({ message, details }: VggtuneError) {
  return {
    type: 'warning',
    code: 'not-waited-for',
    message: `${message} (${details.found}, ${details.where}): this run does so, too`,
  } as const;
}

/**
 * Serialises the computation. Runs of a batch need the same activations at the same time: one computes them,
 * the others wait and read. A folder that cannot be locked is used without a lock.
 */
function oneAtATime({ signal, emit, cacheLock = 'lock' }: SampleSetting, folder: string) {
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
    const unlock = await takeLock(join(folder, cacheLock), options).catch((error: unknown) => {
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
