import type { Layer, NetworkSpec } from './spec.ts';

/** One step of the formula r_n = r_(n-1) + (k_n - 1) * j_(n-1). */
export interface ReceptiveFieldStep {
  readonly name: string;
  readonly kernel: number;
  /** The layer's own stride. */
  readonly step: number;
  /** The side of the square of pixels that one output depends on. */
  readonly size: number;
  /** Pixels between neighbouring outputs. */
  readonly stride: number;
  /** r_(n-1) */
  readonly sizeBefore: number;
  /** j_(n-1): the product of the strides of all layers before. */
  readonly strideBefore: number;
}

export interface ReceptiveField {
  readonly name: string;
  /** Side of the square of pixels that one output depends on; may exceed the image. */
  readonly size: number;
  /** Pixels between neighbouring outputs. */
  readonly stride: number;
}

/** A square window that a layer slides over its input. */
export interface Window {
  readonly name: string;
  readonly kernel: number;
  readonly stride: number;
}

/**
 * The receptive field of each backbone layer: r_n = r_(n-1) + (k_n - 1) * product of the strides of
 * layers 1 to n-1, with r_0 = 1. The head is left out: it sees the whole image.
 */
export function receptiveFields(network: NetworkSpec): readonly ReceptiveField[] {
  return receptiveFieldSteps(backboneWindows(network)).map(({ name, size, stride }) => ({
    name,
    size,
    stride,
  }));
}

/** The windows of a network's backbone; a layer that looks at one value at a time has kernel 1. */
export function backboneWindows(network: NetworkSpec): readonly Window[] {
  return network.layers
    .slice(0, network.headStart)
    .map((layer) => ({ name: layer.name, ...windowOf(layer) }));
}

/** The same formula with everything that goes into each step. */
export function receptiveFieldSteps(windows: readonly Window[]): readonly ReceptiveFieldStep[] {
  let size = 1;
  let stride = 1;
  return windows.map(({ name, kernel, stride: step }) => {
    const before = { sizeBefore: size, strideBefore: stride };
    size += (kernel - 1) * stride;
    stride *= step;
    return { name, kernel, step, size, stride, ...before };
  });
}

function windowOf(layer: Layer): { kernel: number; stride: number } {
  switch (layer.kind) {
    case 'conv':
      return { kernel: layer.kernel, stride: 1 };
    case 'maxpool':
      return { kernel: layer.size, stride: layer.size };
    case 'batchnorm':
    case 'relu':
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'flatten':
    case 'dense':
    case 'dropout':
      return { kernel: 1, stride: 1 };
  }
}
