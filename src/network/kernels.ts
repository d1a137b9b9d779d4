import { receptiveFieldSteps } from './receptive-field.ts';

/** A stack of convolutions with equal kernels, stride 1, channels kept, that sees one square. */
export interface KernelStack {
  readonly layers: number;
  readonly kernel: number;
  readonly receptiveField: number;
  /** The weights of all kernels, biases left out: layers * kernel^2 * C^2. */
  readonly weights: number;
  readonly biases: number;
  /** Multiply-adds on the map. */
  readonly macs: number;
  readonly nonLinearities: number;
}

export interface KernelComparison {
  readonly one: KernelStack;
  readonly stack: KernelStack;
  /** The share of the weights, and so of the multiply-adds, that the stack saves. */
  readonly saved: number;
}

export interface ComparedMap {
  /** Channels in and out. */
  readonly channels: number;
  /** Side of the map, in cells. */
  readonly side: number;
}

/**
 * Compares stacks of 3x3 convolutions with one 5x5 and one 7x7 convolution of the same receptive field
 * (Simonyan and Zisserman 2014, section 2.3: 27 C^2 weights instead of 49 C^2).
 * @param kernels sides of the large kernels
 */
export function compareKernels(
  map: ComparedMap,
  kernels: readonly number[] = [5, 7],
): readonly KernelComparison[] {
  return kernels.map((kernel) => {
    const one = kernelStack(map, { layers: 1, kernel });
    const stack = kernelStack(map, { layers: (kernel - 1) / 2, kernel: 3 });
    return { one, stack, saved: 1 - stack.weights / one.weights };
  });
}

function kernelStack(
  { channels, side }: ComparedMap,
  { layers, kernel }: { readonly layers: number; readonly kernel: number },
): KernelStack {
  const windows = Array.from({ length: layers }, () => ({ name: 'conv', kernel, stride: 1 }));
  const weights = layers * kernel ** 2 * channels ** 2;
  return {
    layers,
    kernel,
    receptiveField: receptiveFieldSteps(windows).at(-1)?.size ?? 1,
    weights,
    biases: layers * channels,
    macs: weights * side ** 2,
    nonLinearities: layers,
  };
}
