import { dataError, messageOf, systemCode, VggtuneError } from '../base/errors.ts';
import { printablePath } from './file-names.ts';
import type { ImageSize } from './geometry.ts';
import { systemReason } from './walk.ts';

export function tooLargeReason(image: ImageSize, maxPixels: number): string | undefined {
  if (image.width * image.height <= maxPixels) return undefined;
  return `${image.width} x ${image.height} pixels, more than the limit of ${maxPixels}`;
}

/** Of an image after scaling. */
export function refuseTooLong({ width, height }: ImageSize, most: number): void {
  if (width * height <= most) return;
  const pixels = `${width} x ${height} pixels`;
  throw new Refusal(`it is too long: at this scale it has ${pixels}, more than ${most}`);
}

export function refuseTooLarge(image: ImageSize, maxPixels: number): void {
  const reason = tooLargeReason(image, maxPixels);
  if (reason !== undefined) throw new Refusal(reason);
}

/** Work on an image, whose failures name it. */
export async function described<T>(
  source: string | Uint8Array,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const name = typeof source === 'string' ? printablePath(source) : 'an image in memory';
    throw dataError(`could not decode ${name}`, {
      expected: 'a JPEG, PNG, WebP, GIF, TIFF or AVIF image',
      found: reasonOf(error),
      ...(typeof source === 'string' ? { where: name } : {}),
      fix: 'replace or remove the file',
      cause: error,
    });
  }
}

/** A reason of our own, in final words. */
export class Refusal extends Error {}

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
  return `damaged or cut off: ${line}`;
}
