import { byDecoder, isAboutImage, machineFailure, reasonOf } from './decode-errors.ts';
import { printablePath } from './file-names.ts';
import { type ImageSource, inputOf } from './image-source.ts';
import { sharp } from './sharp.ts';

/**
 * Decodes every pixel once, as a stream, and keeps none: a file that passes will decode later.
 * @returns why it cannot be used, or undefined if it can
 */
export async function findDefect(
  source: ImageSource,
  maxPixels: number,
): Promise<string | undefined> {
  const strict = await decodeFully(source, { failOn: 'warning', limitInputPixels: maxPixels });
  if (strict === undefined || !HARMLESS.test(strict)) return strict;
  return decodeFully(source, { failOn: 'error', limitInputPixels: maxPixels });
}

/**
 * Warnings that cost no pixel, such as odd colour profiles or trailing bytes. Libraries report damage within
 * JPEG data only as a warning too, so that these have to be told apart.
 */
const HARMLESS = /Warning treated as error|extraneous bytes/i;

async function decodeFully(
  source: ImageSource,
  options: { readonly failOn: 'warning' | 'error'; readonly limitInputPixels: number },
): Promise<string | undefined> {
  try {
    const input = await inputOf(source);
    await byDecoder(() =>
      sharp(input, { ...options, ignoreIcc: true })
        // Given a colour space at the start, a JPEG is not shrunk while decoding, which hides damage.
        .pipelineColourspace('srgb')
        .resize(8, 8, { fit: 'fill', kernel: 'linear' })
        .raw()
        .toBuffer(),
    );
    return undefined;
  } catch (error) {
    if (isAboutImage(error)) return reasonOf(error);
    throw machineFailure(
      typeof source === 'string' ? printablePath(source) : 'an image in memory',
      error,
    );
  }
}
