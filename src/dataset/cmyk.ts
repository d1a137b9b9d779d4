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
  const inks = image.pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await byDecoder(async () => {
    // Sixteen bits would be cut off at 255, not scaled: their upper eight are taken, as of other images.
    const { depth } = await inks.metadata();
    const isWide = depth === 'ushort';
    const raw = inks.raw({ depth: isWide ? 'ushort' : 'uchar' });
    const { data, info } = await raw.toBuffer({ resolveWithObject: true });
    return { data: isWide ? upperBytes(data) : data, info };
  });
  const { width, height, channels } = info;
  const left = channels > 4 ? 4 : 3;
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

/** The upper eight bits of samples of sixteen, in the order of bytes of this machine. */
function upperBytes(data: Buffer): Uint8Array {
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return Uint8Array.from(samples, (sample) => sample >> 8);
}
