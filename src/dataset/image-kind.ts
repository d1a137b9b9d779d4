import { open } from 'node:fs/promises';
import { plainFile } from '../base/plain-file.ts';
import { Refusal } from './decode-errors.ts';
import { fileSystemPath } from './file-names.ts';

/** The number of bytes that identify the kind. */
const LENGTH = 64;

/** The largest file that is read: more than any image within the pixel limit has. */
const MOST_BYTES = 2 ** 32;

const NOT_KNOWN = 'no image that can be read: another kind of file, damaged or cut off';

/** The first bytes, in hex, of each kind that is read. */
const READ: readonly RegExp[] = [
  /^ffd8ff/, // JPEG
  /^89504e470d0a1a0a/, // PNG
  /^52494646.{8}57454250/, // WebP: RIFF, a length, WEBP
  /^474946383[79]61/, // GIF
  /^(49492[ab]00|4d4d002[ab])/, // TIFF, and BigTIFF
  // AVIF: the box `ftyp` of ISO/IEC 14496-12. HEIC begins alike, and is told by its header.
  /^.{8}66747970/,
];

/** The first bytes of some unsupported kinds, so that an error can name them. */
const NOT_READ: Readonly<Record<string, RegExp>> = {
  svg: /^(efbbbf)?(09|0a|0d|20)*3c(3f786d6c|212d2d|21444f4354595045|737667)/i,
  pdf: /^25504446/,
  bmp: /^424d/,
  jp2: /^0000000c6a502020/,
  jxl: /^(ff0a|0000000c4a584c20)/,
  ppm: /^503[1-7](09|0a|0d|20)/,
};

/**
 * Checks the first bytes of an image before any library reads it: a file with an image's name may be an SVG,
 * whose rendering takes as long as its author wishes.
 * @throws Refusal for what is no plain file, or none of the kinds that are read; the system's error
 */
export async function refuseOtherKinds(source: string | Uint8Array): Promise<void> {
  const start = typeof source === 'string' ? await startOf(source) : source.subarray(0, LENGTH);
  if (start.length === 0) throw new Refusal('empty file');
  const hex = Buffer.from(start).toString('hex');
  if (READ.some((pattern) => pattern.test(hex))) return;
  const [kind] = Object.entries(NOT_READ).find(([, pattern]) => pattern.test(hex)) ?? [];
  throw new Refusal(
    kind === undefined ? NOT_KNOWN : `an image of the kind ${kind}, which is not read`,
  );
}

async function startOf(source: string): Promise<Uint8Array> {
  const path = fileSystemPath(source);
  const { size } = await plainFile(path, 'an image');
  if (size > MOST_BYTES) throw new Refusal(`${size} bytes, more than an image has`);
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LENGTH), 0, LENGTH, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
