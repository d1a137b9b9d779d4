import type { Tensor } from '@tensorflow/tfjs';
import { search } from './find.ts';
import type { LookOptions, PackageName } from './implementations.ts';
import type { TensorFlow } from './tensorflow.ts';

export interface SavedModelRunner {
  /** The package, and its version. */
  readonly by: string;
  /** @returns [1, classes] of uint8 RGB pixels [1, size, size, 3] */
  run(pixels: Uint8Array): Promise<Float32Array>;
  release(): void;
}

/** `tf.node` of the native packages, as far as it is used. */
interface NativeModel {
  predict(input: Tensor): unknown;
  dispose(): void;
}
interface NativeLoader {
  loadSavedModel(folder: string): Promise<NativeModel>;
}

/** A SavedModel in the TensorFlow library of a native package; undefined where none works. */
export async function openSavedModel(
  folder: string,
  options: LookOptions = {},
): Promise<SavedModelRunner | undefined> {
  const { found } = await search('auto', options);
  const loader = found === undefined ? undefined : nativeLoader(found.tf);
  if (found === undefined || loader === undefined) return undefined;
  const { tf } = found;
  // Another package may have made its own backend the one of the process.
  await tf.setBackend('tensorflow');
  const model = await loader.loadSavedModel(folder);
  return {
    by: named(found.package, found.version),
    run: (pixels) => predict(tf, model, pixels),
    release: () => model.dispose(),
  };
}

const named = (name: PackageName, version: string) => `${name} ${version}`;

function nativeLoader(tf: TensorFlow): NativeLoader | undefined {
  const { node } = tf as { readonly node?: unknown };
  const hasLoader = typeof node === 'object' && node !== null && 'loadSavedModel' in node;
  return hasLoader ? (node as NativeLoader) : undefined;
}

async function predict(
  tf: TensorFlow,
  model: NativeModel,
  pixels: Uint8Array,
): Promise<Float32Array> {
  const side = Math.sqrt(pixels.length / 3);
  const input = tf.tensor4d(Int32Array.from(pixels), [1, side, side, 3], 'int32');
  const output = model.predict(input);
  if (!(output instanceof tf.Tensor)) throw new Error('one output expected');
  const row = Float32Array.from(await output.data());
  tf.dispose([input, output]);
  return row;
}
