import type { Shape } from '../base/tensor.ts';
import type { NetworkSpec } from '../network/spec.ts';

/** The shape of one row that goes in at a boundary, without the batch axis: pixels [H, W, 3] at 0. */
export function rowShape(network: NetworkSpec, boundary: number): Shape {
  const { size } = network.preprocessing;
  return boundary === 0 ? [size, size, 3] : (network.shapes[boundary - 1] ?? []);
}

/** The shape of one row that comes out: at boundary 0 the normalised image [3, size, size]. */
export function outputShape(network: NetworkSpec, boundary: number): Shape {
  const { size } = network.preprocessing;
  return boundary === 0 ? [3, size, size] : (network.shapes[boundary - 1] ?? []);
}
