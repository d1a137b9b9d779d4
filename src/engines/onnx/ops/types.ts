import type { Shape } from '../../../base/tensor.ts';
import type { DType, TensorType, Value } from '../operator.ts';

/** One float32 output of a shape: what nearly every `infer` returns. */
export function float(shape: Shape): readonly TensorType[] {
  return [{ shape, dtype: 'float32' }];
}

/** @throws Error if a shape rule is broken: a bug in whoever built the graph */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`graph: ${message}`);
}

/** The sizes of an [N, C, H, W] value. */
export function imageShape(value: Value, what: string): readonly [number, number, number, number] {
  const [n, c, h, w] = value.shape;
  expect(
    value.shape.length === 4 && n !== undefined && c !== undefined,
    `${what} takes [N, C, H, W], not [${value.shape}]`,
  );
  return [n, c, h ?? 0, w ?? 0];
}

/** The sizes of a [rows, columns] value. */
export function matrixShape(value: Value, what: string): readonly [number, number] {
  const [rows, columns] = value.shape;
  expect(
    value.shape.length === 2 && rows !== undefined && columns !== undefined,
    `${what} takes a matrix, not [${value.shape}]`,
  );
  return [rows, columns];
}

export function expectType(value: Value, dtype: DType, what: string): void {
  expect(value.dtype === dtype, `${what} takes ${dtype}, not ${value.dtype}`);
}
