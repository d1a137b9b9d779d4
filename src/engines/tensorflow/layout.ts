import { type Shape, sizeOf, type Tensor } from '../../base/tensor.ts';
import type { TensorFlow, Tensor as TfTensor } from './tensorflow.ts';

/**
 * Canonical kernels are OIHW and [out, in]; TensorFlow's are HWIO and [in, out]. The rank tells
 * which: parameters of rank one are the same in both.
 */
const TO_TENSORFLOW: Readonly<Record<number, readonly number[]>> = { 2: [1, 0], 4: [2, 3, 1, 0] };
const TO_CANONICAL: Readonly<Record<number, readonly number[]>> = { 2: [1, 0], 4: [3, 2, 0, 1] };

/** A parameter, or what belongs to one (a slot of an optimizer), in TensorFlow's layout. */
export function toTensorFlow(tf: TensorFlow, { shape, data }: Tensor): TfTensor {
  const order = TO_TENSORFLOW[shape.length];
  return tf.tidy(() => {
    // The JavaScript backend keeps the array it is given, so what is not copied by the
    // transposition is copied here.
    const given = tf.tensor(order === undefined ? data.slice() : data, [...shape]);
    return order === undefined ? given : given.transpose([...order]);
  });
}

/** Converts a tensor back to the canonical layout, as a copy. */
export function toCanonical(tf: TensorFlow, value: TfTensor): Tensor {
  const order = TO_CANONICAL[value.rank];
  return tf.tidy(() => {
    const canonical = order === undefined ? value : value.transpose([...order]);
    return { shape: canonical.shape, data: Float32Array.from(readFloats(canonical)) };
  });
}

/** The values of a tensor. They may be a view of it, so they must be read before it is disposed. */
export function readFloats(value: TfTensor): Float32Array {
  const data = value.dataSync();
  if (!(data instanceof Float32Array)) throw new Error(`${value.dtype} where float32 is expected`);
  return data;
}

/** Rows of a batch as they lie, with the batch axis in front. Pixels become int32. */
export function rowsTensor(tf: TensorFlow, data: Float32Array | Uint8Array, row: Shape): TfTensor {
  const shape = [data.length / sizeOf(row), ...row];
  return tf.tensor(data, shape, data instanceof Float32Array ? 'float32' : 'int32');
}
