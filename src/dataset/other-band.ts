import { byDecoder } from './decode-errors.ts';
import { type Sharp, sharp } from './sharp.ts';

/**
 * An image without the band behind its colours, which the decoder takes for transparency. It goes before anything else:
 * resizing would mix the colours by it.
 */
export async function withoutOtherBand(image: Sharp): Promise<Sharp> {
  const all = image.toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await byDecoder(() => all.toBuffer({ resolveWithObject: true }));
  const { width, height, channels } = info;
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += channels, to += 3) {
    pixels.set(data.subarray(from, from + 3), to);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
