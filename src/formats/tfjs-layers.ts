import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Shape, sizeOf } from '../base/tensor.ts';
import { halfBits } from './half.ts';

/**
 * The layers format of TensorFlow.js: `model.json` holds the topology and a manifest of the weights,
 * whose bytes lie one after the other in shards, little-endian. Fields as in
 * `tfjs-core/src/io/types.ts`; quantization as `tensorflowjs/quantization.py` does it.
 */
export type Quantization = 'none' | 'float16' | 'uint8';

export interface TfjsWeight {
  /** `LAYER/kernel`, as the topology's layers ask for it. */
  readonly name: string;
  readonly shape: Shape;
  /** Made when it is written, so that one tensor at a time is in memory. */
  readonly data: () => Float32Array;
  /** Kept in full precision whatever the others are. */
  readonly exact?: boolean;
}

export interface TfjsModel {
  /** `{ class_name, config }` of a Keras model. */
  readonly topology: Readonly<Record<string, unknown>>;
  readonly weights: readonly TfjsWeight[];
  /** Metadata of any form; `tf.loadLayersModel` returns it as `model.getUserDefinedMetadata()`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly generatedBy: string;
}

/** Small enough for a browser's cache to keep each. */
const SHARD_BYTES = 4 * 2 ** 20;

interface ManifestEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: 'float32';
  readonly quantization?:
    | { readonly dtype: 'float16'; readonly original_dtype: 'float32' }
    | {
        readonly dtype: 'uint8';
        readonly original_dtype: 'float32';
        readonly min: number;
        readonly scale: number;
      };
}

/** Writes `model.json` and its shards into a folder that is there. */
export async function writeTfjsLayers(
  folder: string,
  model: TfjsModel,
  quantization: Quantization = 'none',
): Promise<void> {
  const bytes = model.weights.reduce((sum, weight) => sum + storedBytes(weight, quantization), 0);
  const shards = new ShardWriter(folder, Math.max(1, Math.ceil(bytes / SHARD_BYTES)));
  const entries: ManifestEntry[] = [];
  try {
    for (const weight of model.weights) {
      const stored = store(weight, weight.exact === true ? 'none' : quantization);
      entries.push(stored.entry);
      await shards.write(stored.bytes);
    }
  } finally {
    await shards.close();
  }
  await writeJson(join(folder, 'model.json'), {
    format: 'layers-model',
    generatedBy: model.generatedBy,
    convertedBy: null,
    modelTopology: { keras_version: '2.15.0', backend: 'tensorflow', model_config: model.topology },
    weightsManifest: [{ paths: shards.names, weights: entries }],
    userDefinedMetadata: model.metadata,
  });
}

function storedBytes(weight: TfjsWeight, quantization: Quantization): number {
  const size = { none: 4, float16: 2, uint8: 1 }[weight.exact === true ? 'none' : quantization];
  return sizeOf(weight.shape) * size;
}

function store(
  { name, shape, data }: TfjsWeight,
  quantization: Quantization,
): { entry: ManifestEntry; bytes: Uint8Array } {
  const values = data();
  const entry = { name, shape, dtype: 'float32' as const };
  switch (quantization) {
    case 'none':
      return { entry, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
    case 'float16': {
      const halves = Uint16Array.from(values, halfBits);
      const kind = { dtype: 'float16' as const, original_dtype: 'float32' as const };
      return { entry: { ...entry, quantization: kind }, bytes: new Uint8Array(halves.buffer) };
    }
    case 'uint8': {
      const { min, scale } = affineRange(values);
      const bytes = Uint8Array.from(values, (value) =>
        Math.min(255, Math.max(0, Math.round((value - min) / scale))),
      );
      const kind = { dtype: 'uint8' as const, original_dtype: 'float32' as const, min, scale };
      return { entry: { ...entry, quantization: kind }, bytes };
    }
  }
}

/** value = byte * scale + min; where the values are on both sides of zero, a byte stands for 0 itself. */
export function affineRange(values: Float32Array): { min: number; scale: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return { min: Number.isFinite(low) ? low : 0, scale: 1 };
  const scale = (high - low) / 255;
  if (low > 0 || high < 0) return { min: low, scale };
  // Exactly minus zero point times scale, so that zero stays zero; the top may lose half a step.
  return { min: -Math.round(-low / scale) * scale, scale };
}

/** Cuts a stream of bytes into files of `SHARD_BYTES`. */
class ShardWriter {
  readonly names: readonly string[];
  readonly #folder: string;
  #index = 0;
  #left = SHARD_BYTES;
  #file: Awaited<ReturnType<typeof open>> | undefined;

  constructor(folder: string, count: number) {
    this.#folder = folder;
    this.names = Array.from(
      { length: count },
      (_, index) => `group1-shard${index + 1}of${count}.bin`,
    );
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left === 0) await this.#next();
      this.#file ??= await this.#open();
      const part = bytes.subarray(at, at + this.#left);
      await this.#file.writeFile(part);
      at += part.length;
      this.#left -= part.length;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #next(): Promise<void> {
    await this.close();
    this.#index++;
    this.#left = SHARD_BYTES;
  }

  #open() {
    return open(join(this.#folder, this.names[this.#index] ?? ''), 'wx');
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(`${JSON.stringify(value, undefined, 1)}\n`);
  } finally {
    await file.close();
  }
}
