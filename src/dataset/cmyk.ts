import { byDecoder } from './decode-errors.ts';
import { type Sharp, sharp } from './sharp.ts';

/** As `openImage` opens other images. */
export interface CmykLimits {
  readonly limitInputPixels: number;
}

/**
 * A CMYK image as RGB, upright: (255 - ink) (255 - black) / 255, whatever profile it carries. So do Pillow, browsers and
 * the loaders with which the published networks were trained; a profile would give other colours than any runtime that
 * is handed an export. A fifth channel stays as transparency.
 */
export async function openCmyk(input: string | Uint8Array, limits: CmykLimits): Promise<Sharp> {
  const image = sharp(input, { ...limits, failOn: 'error', ignoreIcc: true, autoOrient: true });
  // Without both of these, libvips takes the inks through a profile of its own.
  const inks = image.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' });
  const { data, info } = await byDecoder(() => inks.toBuffer({ resolveWithObject: true }));
  const { width, height, channels } = info;
  const left = channels - 1 === 4 ? 4 : 3;
  const pixels = new Uint8Array(width * height * left);
  for (let from = 0, to = 0; from < data.length; from += channels, to += left) {
    const light = 255 - (data[from + 3] ?? 0);
    for (let ink = 0; ink < 3; ink++) {
      pixels[to + ink] = Math.round(((255 - (data[from + ink] ?? 0)) * light) / 255);
    }
    if (left === 4) pixels[to + 3] = data[from + 4] ?? 255;
  }
  return sharp(pixels, { raw: { width, height, channels: left } });
}
