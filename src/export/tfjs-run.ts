import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { io, Tensor } from '@tensorflow/tfjs';
import { TFJS_PACKAGES, tfjsMissing } from './tfjs-packages.ts';

/** TensorFlow.js with the fastest backend that runs anywhere: XNNPACK in WebAssembly, else plain JavaScript. */
export type Tf = typeof import('@tensorflow/tfjs');

export interface TfjsRunner {
  readonly backend: string;
  /** @returns [count, classes] of uint8 RGB pixels [count, size, size, 3] */
  run(pixels: Uint8Array, count: number): Promise<Float32Array>;
  release(): void;
}

/**
 * Loads a layers model as a user of TensorFlow.js would; nothing of this project takes part in
 * reading it.
 * @throws VggtuneError (unavailable) when TensorFlow.js is not installed
 */
export async function openTfjsModel(file: string): Promise<TfjsRunner> {
  const { tf, backend } = await loadTfjs();
  const model = await tf.loadLayersModel(fromFolder(file));
  return runnerOf(tf, model, { backend, pixelType: 'float32' });
}

/** @throws VggtuneError (unavailable) when TensorFlow.js is not installed */
export async function loadTfjs(): Promise<{ readonly tf: Tf; readonly backend: string }> {
  const tf = await importTfjs();
  return { tf, backend: await fastestBackend(tf) };
}

async function importTfjs(): Promise<Tf> {
  try {
    return await import('@tensorflow/tfjs');
  } catch (error) {
    throw tfjsMissing([TFJS_PACKAGES[0]], error);
  }
}

async function fastestBackend(tf: Tf): Promise<string> {
  try {
    await import('@tensorflow/tfjs-backend-wasm');
    if (await tf.setBackend('wasm')) return 'wasm';
  } catch {
    // Not installed, or not supported here: plain JavaScript is slower and gives the same numbers.
  }
  await tf.setBackend('cpu');
  return 'cpu';
}

function fromFolder(file: string): io.IOHandler {
  return {
    async load() {
      const json = JSON.parse(await readFile(file, 'utf8')) as io.ModelJSON;
      const groups = json.weightsManifest;
      const weightData: ArrayBuffer[] = [];
      for (const path of groups.flatMap(({ paths }) => paths)) {
        const bytes = await readFile(join(dirname(file), path));
        weightData.push(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      }
      const weightSpecs = groups.flatMap(({ weights }) => weights);
      return { modelTopology: json.modelTopology, weightSpecs, weightData };
    },
  };
}

/** A model of layers, or a graph. */
interface TfjsModel {
  predict(input: Tensor): unknown;
  dispose(): void;
}

type PixelType = 'float32' | 'int32';

export function runnerOf(
  tf: Tf,
  model: TfjsModel,
  { backend, pixelType }: { readonly backend: string; readonly pixelType: PixelType },
): TfjsRunner {
  return {
    backend,
    run: (pixels, count) => predict(tf, model, { pixels, count, pixelType }),
    release: () => model.dispose(),
  };
}

async function predict(
  tf: Tf,
  model: TfjsModel,
  of: { readonly pixels: Uint8Array; readonly count: number; readonly pixelType: PixelType },
): Promise<Float32Array> {
  const { pixels, count, pixelType } = of;
  const side = Math.sqrt(pixels.length / (3 * count));
  const parts: Float32Array[] = [];
  const row = pixels.length / count;
  for (let image = 0; image < count; image++) {
    const values = Int32Array.from(pixels.subarray(image * row, (image + 1) * row));
    const input = tf.tensor4d(values, [1, side, side, 3], pixelType);
    const output = model.predict(input);
    if (!(output instanceof tf.Tensor)) throw new Error('one output expected');
    parts.push(Float32Array.from(await output.data()));
    tf.dispose([input, output]);
  }
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
