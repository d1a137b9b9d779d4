import { dataError } from '../base/errors.ts';
import type { NamedTensors, Shape, Tensor } from '../base/tensor.ts';
import type { OnnxModel } from './onnx-model.ts';

export type TensorFormat = 'safetensors' | 'pytorch' | 'keras-h5' | 'keras' | 'onnx';

export interface TensorInfo {
  readonly shape: Shape;
  /** As the format calls it, in lower case: `float32`, `float16`, `int64`. */
  readonly dtype: string;
}

/** An open file of named tensors. Nothing but its index is in memory until a tensor is read. */
export interface TensorFile {
  readonly format: TensorFormat;
  readonly where: string;
  /** By the file's own names, in its own layouts and order. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether tensors are listed in the order of the layers, rather than by their names. */
  readonly ordered?: boolean;
  /** The config of a Keras model, as parsed from its JSON, where the file has one. */
  readonly config?: unknown;
  /** The graph that uses the tensors, where the format has one. */
  readonly graph?: OnnxModel;
  /**
   * One tensor, converted to float32.
   * @throws VggtuneError (data) when it is not there, not of floats, or damaged
   */
  read(name: string): Promise<Tensor>;
  close(): Promise<void>;
}

/** Reads some tensors of a file, or all. One after the other: what is read is all that is held. */
export async function readTensors(
  file: TensorFile,
  names: Iterable<string> = file.tensors.keys(),
): Promise<NamedTensors> {
  const read = new Map<string, Tensor>();
  for (const name of names) read.set(name, await file.read(name));
  return read;
}

/** The error of a reader that was asked for a tensor that is not there. */
export function noSuchTensor(where: string, name: string, names: Iterable<string>): Error {
  const known = [...names];
  const some = known.slice(0, 8).join(', ');
  return dataError(`${where} has no tensor "${name}"`, {
    expected: name,
    found: `${known.length} tensors: ${some}${known.length > 8 ? ', ...' : ''}`,
    where,
  });
}
