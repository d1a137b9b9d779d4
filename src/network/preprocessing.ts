import type { Preprocessing } from './spec.ts';

/** torchvision's and timm's: RGB / 255, ImageNet mean and standard deviation, 256 then 224. */
export const TORCHVISION_PREPROCESSING: Preprocessing = {
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  size: 224,
  resize: 256,
};

/** Keras's for VGG: BGR, 0-255, the mean of each channel subtracted, no scaling. */
export const KERAS_PREPROCESSING: Preprocessing = {
  channels: 'bgr',
  scale: 1,
  mean: [103.939, 116.779, 123.68],
  std: [1, 1, 1],
  size: 224,
  resize: 256,
};

/** RGB / 255 and nothing else. */
export const UNIT_PREPROCESSING: Preprocessing = {
  ...TORCHVISION_PREPROCESSING,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** The same for another input size: the side that images are resized to before the crop keeps its ratio. */
export function atSize(preprocessing: Preprocessing, size: number): Preprocessing {
  const resize = Math.round((size * preprocessing.resize) / preprocessing.size);
  return { ...preprocessing, size, resize };
}

/**
 * Preprocessing as one multiplication and one addition for each channel, in the order of `channels`:
 * (scale x - mean) / std = factor x + shift.
 */
export function affinePreprocessing({ scale, mean, std }: Preprocessing): AffinePreprocessing {
  return {
    factor: std.map((deviation) => scale / deviation),
    shift: mean.map((value, channel) => -value / (std[channel] ?? 1)),
  };
}

export interface AffinePreprocessing {
  readonly factor: readonly number[];
  readonly shift: readonly number[];
}

/** For a network that starts from random weights: RGB to about [-2, 2], no crop. */
export function plainPreprocessing(size: number): Preprocessing {
  return {
    channels: 'rgb',
    scale: 1 / 255,
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    size,
    resize: size,
  };
}
