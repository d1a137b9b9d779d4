import type { DecodeSpec } from './types.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A part of an upright image, in pixels. */
export interface CropBox extends ImageSize {
  readonly left: number;
  readonly top: number;
}

/** The whole image is scaled to width x height; then the square at left, top is what is wanted. */
export interface Placement extends ImageSize {
  readonly left: number;
  readonly top: number;
}

/**
 * torchvision's evaluation pipeline: `Resize(resize)` makes the shorter side `resize` and truncates
 * the longer one, `CenterCrop(size)` rounds half to even. An image is never smaller than the crop.
 */
export function centrePlacement(image: ImageSize, spec: DecodeSpec): Placement {
  const shorter = Math.max(spec.resize, spec.size);
  const { width, height } =
    image.width <= image.height
      ? { width: shorter, height: Math.trunc((shorter * image.height) / image.width) }
      : { width: Math.trunc((shorter * image.width) / image.height), height: shorter };
  return {
    width,
    height,
    left: roundHalfToEven((width - spec.size) / 2),
    top: roundHalfToEven((height - spec.size) / 2),
  };
}

/**
 * The whole image is scaled so that the drawn crop becomes `size` x `size`. So a large JPEG can be
 * shrunk while it is decoded, which an extraction before the scaling would forbid; the crop's
 * corner then lies on a pixel of the result.
 */
export function cropPlacement(image: ImageSize, crop: CropBox, size: number): Placement {
  const width = Math.max(size, Math.round((image.width * size) / crop.width));
  const height = Math.max(size, Math.round((image.height * size) / crop.height));
  return {
    width,
    height,
    left: Math.min(width - size, Math.round((crop.left * width) / image.width)),
    top: Math.min(height - size, Math.round((crop.top * height) / image.height)),
  };
}

/** Python's `round`. */
export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
