import {
  dataError,
  type ErrorDetails,
  messageOf,
  systemCode,
  VggtuneError,
} from '../base/errors.ts';
import { machineFix } from '../base/machine-failure.ts';
import { printablePath } from './file-names.ts';
import type { ImageSize } from './geometry.ts';
import { systemReason } from './walk.ts';

export function tooLargeReason(image: ImageSize, maxPixels: number): string | undefined {
  if (image.width * image.height <= maxPixels) return undefined;
  return `${image.width} x ${image.height} pixels, more than the limit of ${maxPixels}`;
}

/** Refuses an image that is too large after scaling. */
export function refuseTooLong({ width, height }: ImageSize, most: number): void {
  if (width * height <= most) return;
  const pixels = `${width} x ${height} pixels`;
  throw new Refusal(`it is too long: at this scale it has ${pixels}, more than ${most}`);
}

export function refuseTooLarge(image: ImageSize, maxPixels: number): void {
  const reason = tooLargeReason(image, maxPixels);
  if (reason !== undefined) throw new Refusal(reason);
}

/** One image cannot be used. Readers of many images skip it; no other error is skipped. */
export class BadImage extends VggtuneError {
  constructor(message: string, details: ErrorDetails) {
    super('data', message, details);
  }
}

/**
 * Runs work on an image; its errors name the image.
 * @throws BadImage for what the decoder or the system says of this one file; VggtuneError (data) when
 * the machine failed; anything else, which is a bug of ours, as it is
 */
export async function described<T>(
  source: string | Uint8Array,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const name = typeof source === 'string' ? printablePath(source) : 'an image in memory';
    if (!isAboutImage(error)) throw machineFailure(name, error);
    throw new BadImage(`could not decode ${name}`, {
      expected: 'a JPEG, PNG, WebP, GIF, TIFF or AVIF image',
      found: reasonOf(error),
      ...(typeof source === 'string' ? { where: name } : {}),
      fix: 'replace or remove the file',
      cause: error,
    });
  }
}

/** A refusal of our own, whose message is shown as it is. */
export class Refusal extends Error {}

/** An error of the image library about an image. */
export class DecoderError extends Error {}

/** The messages with which the image library reports failures of the machine; it passes on no codes. */
const MACHINE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/too many open files/i, 'EMFILE'],
  [/out of memory|cannot allocate memory/i, 'ENOMEM'],
  [/input\/output error/i, 'EIO'],
];

/**
 * Runs a call of the image library, so that its errors are told apart from our own bugs.
 * @throws DecoderError, or an error with the system's code where the machine failed
 */
export async function byDecoder<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = messageOf(error);
    const code = MACHINE_WORDS.find(([words]) => words.test(message))?.[1];
    if (code !== undefined) throw Object.assign(new Error(message, { cause: error }), { code });
    throw new DecoderError(message, { cause: error });
  }
}

/** Error codes that concern one file. */
const ABOUT_A_FILE: readonly string[] =
  'ENOENT EACCES EPERM EISDIR ENOTDIR ELOOP ENAMETOOLONG'.split(' ');

/** Whether an error concerns one image, and not the machine or this program. */
export function isAboutImage(error: unknown): boolean {
  if (error instanceof BadImage || error instanceof Refusal || error instanceof DecoderError)
    return true;
  return ABOUT_A_FILE.includes(systemCode(error) ?? '');
}

function fixOf(code: string): string {
  const fix = machineFix(code) ?? 'check the disk or the network drive, then try again';
  return code === 'ENOMEM' ? `${fix}; image.maxPixels refuses large images` : fix;
}

/** A failure of the machine as an error that says what to do; anything else unchanged. */
export function machineFailure(name: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof VggtuneError) return error;
  return dataError(`could not read ${name}`, {
    found: systemReason(error),
    where: name,
    fix: fixOf(code),
    cause: error,
  });
}

/** Why an image cannot be used: our words, the system's, or the first line of the library's. */
export function reasonOf(error: unknown): string {
  if (error instanceof VggtuneError) return error.details.found ?? error.message;
  if (error instanceof Refusal) return error.message;
  if (systemCode(error) !== undefined) return systemReason(error);
  const lines = messageOf(error).split('\n');
  const line = lines.find((part) => part.trim() !== '')?.trim() ?? 'unknown error';
  if (/unsupported image format|corrupt header/i.test(line)) {
    return 'no image that can be read: another kind of file, damaged or cut off';
  }
  if (/Input file is missing/i.test(line)) return 'no such file';
  if (/Input (file|buffer|bit array) is empty/i.test(line)) return 'empty file';
  // The decoder knows the form and was built without it, or does not do it.
  const unread = lines.find((part) => /not supported|not configured|unsupported/i.test(part));
  if (unread !== undefined) {
    return `a form of its kind that is not read (${unread.trim()}): save it again as PNG`;
  }
  return `damaged or cut off: ${line}`;
}
