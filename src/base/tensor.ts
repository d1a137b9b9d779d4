/** The sizes of a tensor's axes, outermost first; row-major. */
export type Shape = readonly number[];

/** A float32 tensor, row-major. Convolution kernels are OIHW, dense kernels [out, in]. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/**
 * Tensors by canonical name: `conv1_1.weight` ... `fc8.bias`, batch norm as `bn1_1.weight`,
 * `.bias`, `.running_mean`, `.running_var`.
 */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/** How many elements a shape has; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** @throws RangeError if the data does not have as many elements as the shape. */
export function tensor(shape: Shape, data: Float32Array): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(
      `a tensor of shape [${shape}] has ${sizeOf(shape)} elements, not ${data.length}`,
    );
  }
  return { shape, data };
}

export function zeros(shape: Shape): Tensor {
  return { shape, data: new Float32Array(sizeOf(shape)) };
}

/** Does one hold all tensors of the other, bit for bit? */
export function holdsAll(found: NamedTensors, wanted: NamedTensors): boolean {
  const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return [...wanted].every(([name, tensor]) => {
    const other = found.get(name);
    return other !== undefined && bytes(other).equals(bytes(tensor));
  });
}
