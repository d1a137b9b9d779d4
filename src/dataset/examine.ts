import {
  byDecoder,
  DecoderError,
  isAboutImage,
  machineFailure,
  reasonOf,
} from './decode-errors.ts';
import { printablePath } from './file-names.ts';
import { type ImageSource, inputOf } from './image-source.ts';
import { sharp } from './sharp.ts';

/** What decoding every pixel of an image shows. */
export interface Examined {
  /** Why it cannot be used, if it cannot. */
  readonly defect?: string;
  /** Nothing can be seen in it: it is nearly black, or one grey. */
  readonly blank?: boolean;
}

/** Decodes every pixel once, in a stream, and keeps none: a file that passes will decode later. */
export async function examine(source: ImageSource, maxPixels: number): Promise<Examined> {
  const limits = { limitInputPixels: maxPixels };
  try {
    return await decodeFully(source, { ...limits, failOn: 'warning' });
  } catch (error) {
    if (!(error instanceof DecoderError) || !HARMLESS.test(firstLine(error))) {
      return defectOf(source, error);
    }
  }
  try {
    return await decodeFully(source, { ...limits, failOn: 'error' });
  } catch (error) {
    return defectOf(source, error);
  }
}

/**
 * Libraries warn of much that costs no pixel (odd colour profiles, bytes after the last one, headers that viewers
 * overlook), and only by a warning of JPEG data that went wrong in the middle. These warnings are the former, of the
 * list in libjpeg's jerror.h; bad codes, missing restarts and an early end are the latter. Of a GIF, frames behind the
 * first are warned of, and are not used; where the first one is damaged, that is an error.
 */
const HARMLESS =
  /Warning treated as error|extraneous bytes|Invalid SOS parameters|unknown JFIF revision|Adobe color transform|bad ICC marker|Inconsistent progression|Invalid frame data/i;

/** Side of the small image on which contrast is looked for. */
const LOOK = 32;
/** What an image without contrast differs by at most, and the brightest that a black one is, of 255. */
const NO_CONTRAST = 2;
const BLACK = 15;

const firstLine = ({ message }: Error) => message.trim().split('\n', 1)[0] ?? '';

/** @throws DecoderError, or the system's error */
async function decodeFully(
  source: ImageSource,
  options: { readonly failOn: 'warning' | 'error'; readonly limitInputPixels: number },
): Promise<Examined> {
  const input = await inputOf(source);
  const look = await byDecoder(() =>
    sharp(input, { ...options, ignoreIcc: true })
      // Given a colour space at the start, a JPEG is not shrunk while decoding, which hides damage.
      .pipelineColourspace('srgb')
      // As it is seen: an opaque band is no contrast.
      .flatten({ background: '#ffffff' })
      .resize(LOOK, LOOK, { fit: 'fill', kernel: 'linear' })
      .raw({ depth: 'uchar' })
      .toBuffer(),
  );
  const [least, most] = [Math.min(...look), Math.max(...look)];
  return most - least <= NO_CONTRAST || most <= BLACK ? { blank: true } : {};
}

/** @throws VggtuneError where the machine failed; any other error as it is */
function defectOf(source: ImageSource, error: unknown): Examined {
  if (isAboutImage(error)) return { defect: reasonOf(error) };
  const name = typeof source === 'string' ? printablePath(source) : 'an image in memory';
  throw machineFailure(name, error);
}
