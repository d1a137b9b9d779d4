import type { NetworkSpec } from '../../network/spec.ts';

/** Images in one run of a frozen prefix: as many pixels as four images of 224 x 224 have. */
export function prefixBatch(network: NetworkSpec): number {
  const pixels = network.preprocessing.size ** 2;
  return Math.max(1, Math.min(32, Math.floor((4 * 224 * 224) / pixels)));
}
