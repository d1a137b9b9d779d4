import type { Layer, NetworkSpec } from './spec.ts';

export interface ReceptiveField {
  readonly name: string;
  /** Side of the square of pixels that one output depends on; may exceed the image. */
  readonly size: number;
  /** Pixels between neighbouring outputs. */
  readonly stride: number;
}

/**
 * The receptive field of each backbone layer: r_n = r_(n-1) + (k_n - 1) * product of the strides of
 * layers 1 to n-1, with r_0 = 1. The head is left out: it sees the whole image.
 */
export function receptiveFields(network: NetworkSpec): readonly ReceptiveField[] {
  let size = 1;
  let stride = 1;
  return network.layers.slice(0, network.headStart).map((layer) => {
    const window = windowOf(layer);
    size += (window.kernel - 1) * stride;
    stride *= window.stride;
    return { name: layer.name, size, stride };
  });
}

function windowOf(layer: Layer): { kernel: number; stride: number } {
  if (layer.kind === 'conv') return { kernel: layer.kernel, stride: 1 };
  if (layer.kind === 'maxpool') return { kernel: layer.size, stride: layer.size };
  return { kernel: 1, stride: 1 };
}
