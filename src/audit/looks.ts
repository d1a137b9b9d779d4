import type { Appearance } from '../dataset/appearance.ts';
import { modifiedScores } from './outliers.ts';

/** What is wrong with how an image looks. */
export const LOOKS = ['blank', 'dark', 'tiny', 'blurred'] as const;
export type Look = (typeof LOOKS)[number];

/** A contrast in which nothing can be seen, and the mean of an image that is nearly black, of 255. */
const NO_CONTRAST = 8;
const DARK = 20;
/** The shorter side of a tiny image, in pixels. */
const TINY = 24;
/**
 * Edges of a sharp image take a pixel or two, those of a blurred one many: its steepest step is a small share of its
 * contrast. But an image of clouds has no edges either, so that it must be out of place among the others, too.
 */
const SOFT = 0.12;
const SOFTER_THAN_OTHERS = -3.5;

/**
 * What is wrong with how each image looks; the worst alone where there are several things.
 * @returns [images]
 */
export function findLooks(images: readonly Appearance[]): readonly (Look | undefined)[] {
  const sharpness = modifiedScores(
    Float64Array.from(images, (image) => Math.log(Math.max(1e-3, image.sharpness))),
  );
  return images.map(({ width, height, brightness, contrast, sharpness: own }, at) => {
    if (contrast <= NO_CONTRAST) return 'blank';
    if (brightness <= DARK) return 'dark';
    if (Math.min(width, height) < TINY) return 'tiny';
    const isSoft = own < SOFT && (sharpness[at] ?? 0) < SOFTER_THAN_OTHERS;
    return isSoft ? 'blurred' : undefined;
  });
}
