import type { Shape } from '../base/tensor.ts';

/** One layer. `name` is the canonical one and the stem of its parameters' names. */
export type Layer =
  | {
      readonly kind: 'conv';
      readonly name: string;
      readonly inChannels: number;
      readonly outChannels: number;
      /** Square kernel, stride 1 and padding `(kernel - 1) / 2` throughout VGG. */
      readonly kernel: number;
    }
  | {
      readonly kind: 'batchnorm';
      readonly name: string;
      readonly channels: number;
      readonly epsilon: number;
      /** PyTorch's: running = (1 - momentum) * running + momentum * batch. */
      readonly momentum: number;
    }
  | { readonly kind: 'relu'; readonly name: string }
  | { readonly kind: 'maxpool'; readonly name: string; readonly size: number }
  /** Adaptive average pooling to size x size, as torchvision has before its classifier. */
  | { readonly kind: 'avgpool'; readonly name: string; readonly size: number }
  /** Global average pooling: [C, H, W] to [C]. */
  | { readonly kind: 'gap'; readonly name: string }
  /** Global average pooling of several layers, one behind the other: [C1 + C2 + ..., 1, 1]. */
  | { readonly kind: 'levels'; readonly name: string; readonly sources: readonly Level[] }
  /** [C, H, W] to [C * H * W], in that order. */
  | { readonly kind: 'flatten'; readonly name: string }
  | {
      readonly kind: 'dense';
      readonly name: string;
      readonly inputs: number;
      readonly outputs: number;
    }
  | { readonly kind: 'dropout'; readonly name: string; readonly rate: number };

/** A layer whose output is pooled, not as what comes before but by its name. */
export interface Level {
  readonly layer: string;
  readonly channels: number;
}

export type LayerKind = Layer['kind'];

/** How an image becomes the network's input. It travels with the weights. */
export interface Preprocessing {
  readonly channels: 'rgb' | 'bgr';
  /** Multiplies the 0-255 value; then `(x - mean) / std`, in the order of `channels`. */
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Side of the square input, in pixels. */
  readonly size: number;
  /** Evaluation: the shorter side is resized to this many pixels, then the centre is cropped to `size`. */
  readonly resize: number;
}

/** A network with its head: layers in order, from pixels to logits. */
export interface NetworkSpec {
  readonly backbone: string;
  readonly head: string;
  readonly classes: number;
  readonly preprocessing: Preprocessing;
  readonly layers: readonly Layer[];
  /** The output shape of each layer, without the batch axis: [C, H, W] or [C]. */
  readonly shapes: readonly Shape[];
  /** How many of the layers are the backbone's; the rest are the head. */
  readonly headStart: number;
}
