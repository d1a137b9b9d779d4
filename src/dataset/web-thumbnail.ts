import { decodeWhole } from './decode.ts';
import type { ImageSource } from './image-source.ts';
import type { Picture } from './resample.ts';
import { sharp } from './sharp.ts';

/** The most pixels of an image while it is made smaller: one that is 16 times as long as high still fits. */
const MOST_PIXELS = 2 ** 20;
const QUALITY = 68;

/**
 * A small WebP of an image for a page, the whole of it, upright.
 * @param spec `side`: of the square, in pixels, into which it fits
 * @throws VggtuneError (data) as `decodeImage`
 */
export async function webThumbnail(
  source: ImageSource,
  { side, background }: { readonly side: number; readonly background: string },
): Promise<Buffer> {
  const shorter = side;
  return webImage(await decodeWhole(source, { shorter, background, maxScaled: MOST_PIXELS }), side);
}

/** A picture as a WebP that just fits into a square. */
export function webImage({ pixels, width, height }: Picture, side: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'inside' })
    .webp({ quality: QUALITY, effort: 2 })
    .toBuffer();
}
