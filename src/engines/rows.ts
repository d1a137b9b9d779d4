import { type Shape, sizeOf } from '../base/tensor.ts';
import { boundaryBehind } from '../network/boundary.ts';
import type { Level, NetworkSpec } from '../network/spec.ts';

/**
 * The shape of one input sample at a boundary, without the batch axis: pixels [H, W, 3] at 0. Where a later
 * layer reads levels from before the boundary, the input is one vector: the activations, followed by the
 * averages of those levels.
 */
export function rowShape(network: NetworkSpec, boundary: number): Shape {
  const { size } = network.preprocessing;
  if (boundary === 0) return [size, size, 3];
  const shape = network.shapes[boundary - 1] ?? [];
  const carried = carriedLevels(network, boundary);
  if (carried.length === 0) return shape;
  return [carried.reduce((total, { channels }) => total + channels, sizeOf(shape))];
}

/** The levels that layers behind a boundary read from before it, in the order in which they are read. */
export function carriedLevels(network: NetworkSpec, boundary: number): readonly Level[] {
  return network.layers
    .slice(boundary)
    .flatMap((layer) => (layer.kind === 'levels' ? layer.sources : []))
    .filter(({ layer }) => boundaryBehind(network, layer) < boundary);
}

/** The shape of one output sample: at boundary 0 the normalised image [3, size, size]. */
export function outputShape(network: NetworkSpec, boundary: number): Shape {
  const { size } = network.preprocessing;
  return boundary === 0 ? [3, size, size] : (network.shapes[boundary - 1] ?? []);
}
