import { compareKernels, type KernelComparison } from '../network/kernels.ts';
import {
  backboneWindows,
  type ReceptiveFieldStep,
  receptiveFieldSteps,
} from '../network/receptive-field.ts';
import type { NetworkSpec } from '../network/spec.ts';

export interface FieldLayer extends ReceptiveFieldStep {
  /** Side of the receptive field over the side of the image; more than 1 where it exceeds the image. */
  readonly share: number;
}

/** How much of the image an output of each layer depends on, and why kernels are small. */
export interface FieldLesson {
  readonly topic: 'receptive-field';
  /** The layers that change anything: convolutions and pools. */
  readonly layers: readonly FieldLayer[];
  /** The map on which stacks of 3x3 kernels are compared with one large kernel: that of the last convolution. */
  readonly channels: number;
  readonly side: number;
  readonly stacks: readonly KernelComparison[];
}

/** Sides of the large kernels that 3x3 stacks are compared with; AlexNet began with 11x11. */
export const LARGE_KERNELS = [5, 7, 11] as const;

export function fieldLesson(network: NetworkSpec): FieldLesson {
  const { size } = network.preprocessing;
  const map = lastMap(network);
  return {
    topic: 'receptive-field',
    layers: receptiveFieldSteps(backboneWindows(network))
      .filter(({ kernel, step }) => kernel > 1 || step > 1)
      .map((step) => ({ ...step, share: step.size / size })),
    ...map,
    stacks: compareKernels(map, LARGE_KERNELS),
  };
}

/** Channels and side of the map that the last convolution gives. */
export function lastMap({ layers, shapes }: NetworkSpec) {
  const last = layers.findLastIndex(({ kind }) => kind === 'conv');
  const [channels = 1, side = 1] = shapes[last] ?? [];
  return { channels, side };
}
