import { createRng, type Rng } from '../base/rng.ts';
import type { CropBox, ImageSize } from './geometry.ts';
import type { AugmentSpec } from './types.ts';

/** The changes to one image: random draws from an `AugmentSpec`. */
export interface AugmentParameters {
  /** The crop; absent for the centre. */
  readonly crop?: CropBox;
  readonly flip: boolean;
  /** Degrees, clockwise, about the centre of the crop. */
  readonly angle: number;
  /** Factors; 1 changes nothing. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turns of the colour wheel, in [-0.5, 0.5]. */
  readonly hue: number;
}

/** The random stream of one view of one image, which depends neither on order nor on threads. */
export function augmentationRng(seed: number, hash: string, view: number): Rng {
  return createRng('augment', seed, hash, view);
}

/**
 * Draws the changes of one view. Every number is drawn even if it is not used, so that turning one
 * change off leaves the others as they were.
 */
export function drawAugmentation(spec: AugmentSpec, rng: Rng, image: ImageSize): AugmentParameters {
  const flip = rng.uniform() < spec.flip;
  const angle = (2 * rng.uniform() - 1) * spec.rotate;
  const brightness = drawFactor(rng, spec.brightness);
  const contrast = drawFactor(rng, spec.contrast);
  const saturation = drawFactor(rng, spec.saturation);
  const hue = (2 * rng.uniform() - 1) * spec.hue;
  const others = { flip, angle, brightness, contrast, saturation, hue };
  return spec.crop === undefined ? others : { crop: drawCrop(spec.crop, rng, image), ...others };
}

function drawFactor(rng: Rng, strength: number): number {
  const factor = 1 + (2 * rng.uniform() - 1) * strength;
  return Math.max(0, factor);
}

/**
 * torchvision's `RandomResizedCrop.get_params`: ten tries at an area and an aspect ratio (uniform
 * in its logarithm) that fit into the image; then the largest centred crop within the ratios.
 */
function drawCrop(crop: NonNullable<AugmentSpec['crop']>, rng: Rng, image: ImageSize): CropBox {
  const area = image.width * image.height;
  const [low, high] = [Math.log(crop.ratio[0]), Math.log(crop.ratio[1])];
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = area * (crop.scale[0] + rng.uniform() * (crop.scale[1] - crop.scale[0]));
    const ratio = Math.exp(low + rng.uniform() * (high - low));
    const width = Math.round(Math.sqrt(target * ratio));
    const height = Math.round(Math.sqrt(target / ratio));
    if (width > 0 && width <= image.width && height > 0 && height <= image.height) {
      const top = rng.integer(image.height - height + 1);
      return { left: rng.integer(image.width - width + 1), top, width, height };
    }
  }
  return largestCrop(crop.ratio, image);
}

function largestCrop(ratio: readonly [number, number], image: ImageSize): CropBox {
  const own = image.width / image.height;
  const width = own > ratio[1] ? Math.round(image.height * ratio[1]) : image.width;
  const height = own < ratio[0] ? Math.round(image.width / ratio[0]) : image.height;
  return {
    left: Math.floor((image.width - width) / 2),
    top: Math.floor((image.height - height) / 2),
    width: Math.max(1, width),
    height: Math.max(1, height),
  };
}
