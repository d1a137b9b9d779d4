import type { NetworkSpec } from '../../../network/spec.ts';
import { type Lowering, STANDARD } from '../lowering.ts';
import type { SessionOptions } from '../session.ts';
import { WINOGRAD } from './index.ts';

export interface CompileOptions extends SessionOptions {
  /** Default: on the CPU what suits the network, elsewhere the standard one. */
  readonly lowering?: Lowering;
}

/** Layers [from, to) of a network. */
export interface LayerRange {
  readonly network: NetworkSpec;
  readonly from: number;
  readonly to: number;
  /** Whether its kernels change from step to step. */
  readonly isTrained: boolean;
}

/**
 * Mean width, by work, from which on the transforms cost less than the products that they save. Of
 * constant kernels: VGG16's first block of 64 loses, its first two (88) draw, three (158) gain, and vgg-nano
 * (109) loses a third. The runtime's own convolution is far slower where the kernel is no constant: a step of
 * vgg-nano gains half, of one of its shape with a mean of 61 no less.
 */
const WIDE = { constant: 128, trained: 48 };

/**
 * Chooses the lowering for a layer range. Winograd's has a third of the multiplications, but moves four times
 * as many numbers: it is faster where there are many channels, on a CPU, and where the range has a
 * convolution at all.
 */
export function chooseLowering(layerRange: LayerRange, options: CompileOptions): Lowering {
  const { network, from, to, isTrained } = layerRange;
  const { lowering, device } = options;
  if (lowering !== undefined) return lowering;
  if (device !== 'cpu') return STANDARD;
  let work = 0;
  let weighted = 0;
  network.layers.slice(from, to).forEach((layer, index) => {
    if (layer.kind !== 'conv' || layer.kernel !== 3) return;
    const [, height = 1, width = 1] = network.shapes[from + index] ?? [];
    const products = height * width * layer.inChannels * layer.outChannels;
    work += products;
    weighted += products * Math.min(layer.inChannels, layer.outChannels);
  });
  const least = isTrained ? WIDE.trained : WIDE.constant;
  return work > 0 && weighted / work >= least ? WINOGRAD : STANDARD;
}
