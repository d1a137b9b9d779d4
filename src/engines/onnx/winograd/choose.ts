import type { NetworkSpec } from '../../../network/spec.ts';
import { type Lowering, STANDARD } from '../lowering.ts';
import { WINOGRAD } from './index.ts';

/** Layers [from, to) of a network on a device. */
export interface StretchOnDevice {
  readonly network: NetworkSpec;
  readonly from: number;
  readonly to: number;
  readonly device: string;
  /** Whether a batch norm in the stretch uses the statistics of the batch. */
  readonly batchStatistics?: boolean;
}

/** Mean width, by work, from which on the transforms cost less than the products that they save. */
const WIDE = 64;

/**
 * The lowering for a stretch. Winograd's has a third of the multiplications, but moves four times
 * the numbers: it gains where channels are many, on a processor, where the stretch has a convolution
 * at all, and no batch norm that would need the maps in the plain layout.
 */
export function chooseLowering(stretch: StretchOnDevice): Lowering {
  const { network, from, to, device, batchStatistics = false } = stretch;
  if (device !== 'cpu' || batchStatistics) return STANDARD;
  let work = 0;
  let weighted = 0;
  network.layers.slice(from, to).forEach((layer, index) => {
    if (layer.kind !== 'conv' || layer.kernel !== 3) return;
    const [, height = 1, width = 1] = network.shapes[from + index] ?? [];
    const products = height * width * layer.inChannels * layer.outChannels;
    work += products;
    weighted += products * Math.min(layer.inChannels, layer.outChannels);
  });
  return work > 0 && weighted / work >= WIDE ? WINOGRAD : STANDARD;
}
