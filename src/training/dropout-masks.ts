import { createRng } from '../base/rng.ts';
import { sizeOf } from '../base/tensor.ts';
import type { NetworkSpec } from '../network/spec.ts';

/**
 * The masks of one step for every dropout layer of layers [from, end): 0, or 1 / (1 - rate).
 * A mask depends on its keys and its layer alone. The arrays are reused by the next call.
 */
export type DropoutMasks = (
  count: number,
  keys: readonly (string | number)[],
) => ReadonlyMap<string, Float32Array>;

export function createDropoutMasks(
  network: NetworkSpec,
  from: number,
  batchSize: number,
): DropoutMasks {
  const layers = network.layers.flatMap((layer, index) => {
    if (layer.kind !== 'dropout' || index < from) return [];
    const size = sizeOf(network.shapes[index] ?? []);
    return [{ ...layer, size, buffer: new Float32Array(batchSize * size) }];
  });
  return (count, keys) =>
    new Map(
      layers.map(({ name, rate, size, buffer }) => {
        const mask = buffer.subarray(0, count * size);
        fill(mask, rate, ['dropout', ...keys, name]);
        return [name, mask];
      }),
    );
}

function fill(mask: Float32Array, rate: number, keys: readonly (string | number)[]): void {
  const rng = createRng(...keys);
  const kept = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) mask[i] = rng.uniform() < rate ? 0 : kept;
}
