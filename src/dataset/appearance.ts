import { decodeWhole } from './decode.ts';
import { readHeader } from './image-header.ts';
import type { ImageSource } from './image-source.ts';
import { lumaOf } from './perceptual-hash.ts';
import type { Picture } from './resample.ts';

/** What can be said of an image without knowing what it shows. */
export interface Appearance {
  /** In pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** The mean luma, from 0 (black) to 255. */
  readonly brightness: number;
  /** The difference between its brightest and its darkest hundredth, 0 to 255. */
  readonly contrast: number;
  /** The steepest step from a pixel to the next one (the steepest hundredth), as a share of the contrast, 0 to 1. */
  readonly sharpness: number;
}

/** The shorter side, in pixels, at which images are compared. */
const SIDE = 160;
/** The most pixels of an image while it is looked at. */
const MOST_PIXELS = 2 ** 20;

/** @throws VggtuneError (data) as `decodeImage` */
export async function appearanceOf(source: ImageSource, background: string): Promise<Appearance> {
  const { width, height } = await readHeader(source);
  // An image that is enlarged would look blurred.
  const shorter = Math.min(SIDE, width, height);
  const picture = await decodeWhole(source, { shorter, background, maxScaled: MOST_PIXELS });
  return { width, height, ...looksOf(picture) };
}

/** @param picture RGB */
export function looksOf(
  picture: Picture,
): Pick<Appearance, 'brightness' | 'contrast' | 'sharpness'> {
  const luma = lumaOf(picture.pixels);
  const sorted = Float32Array.from(luma).sort();
  const contrast = quantile(sorted, 0.99) - quantile(sorted, 0.01);
  const steps = stepsOf(luma, picture.width).sort();
  return {
    brightness: luma.reduce((sum, value) => sum + value, 0) / luma.length,
    contrast,
    sharpness: contrast > 0 ? Math.min(1, quantile(steps, 0.99) / contrast) : 0,
  };
}

const quantile = (sorted: Float32Array, share: number) =>
  sorted[Math.floor(share * (sorted.length - 1))] ?? 0;

/** The differences of all pixels to their right and lower neighbours. */
function stepsOf(luma: Float32Array, width: number): Float32Array {
  const steps = new Float32Array(2 * luma.length);
  luma.forEach((value, at) => {
    const isLast = (at + 1) % width === 0;
    steps[2 * at] = isLast ? 0 : Math.abs(value - (luma[at + 1] ?? value));
    steps[2 * at + 1] = Math.abs(value - (luma[at + width] ?? value));
  });
  return steps;
}
