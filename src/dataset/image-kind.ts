import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { plainFile } from '../base/plain-file.ts';
import { Refusal } from './decode-errors.ts';
import { fileSystemPath } from './file-names.ts';
import { endingReason, isForeignEnding, notReadReason } from './foreign-kinds.ts';
import { textKind } from './text-kind.ts';
import { readTiffSamples, type TiffSamples } from './tiff-header.ts';

/** The number of bytes that identify the kind: an SVG has a few lines before its first element. */
const LENGTH = 1024;

/** The largest file that is read: more than any image within the pixel limit has. */
const MOST_BYTES = 2 ** 32;

const NOT_KNOWN = 'no image that can be read: another kind of file, damaged or cut off';

/** TIFF, and BigTIFF. */
const TIFF = /^(49492[ab]00|4d4d002[ab])/;

/** The first bytes, in hex, of each kind that is read. */
const READ: readonly RegExp[] = [
  /^ffd8ff/, // JPEG
  /^89504e470d0a1a0a/, // PNG
  /^52494646.{8}57454250/, // WebP: RIFF, a length, WEBP
  /^474946383[79]61/, // GIF
  TIFF,
  // AVIF: the box `ftyp` of ISO/IEC 14496-12. HEIC begins alike, and is told by its header.
  /^.{8}66747970/,
];

/** In the order of `READ`. */
const READ_KINDS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const;
/** Kinds that begin as one that is read. */
const FOREIGN_FIRST = ['cr2', 'cr3', 'heic', 'avifs'] as const;

/** The first bytes, in hex, of kinds that are not read, to name them. */
const NOT_READ: Readonly<Record<string, RegExp>> = {
  pdf: /^25504446/,
  bmp: /^424d/,
  jp2: /^(0000000c6a502020|ff4fff51)/,
  jxl: /^(ff0a|0000000c4a584c20)/,
  ppm: /^503[1-7](09|0a|0d|20)/,
  pfm: /^50[46]6(09|0a|0d|20)/,
  heic: /^.{8}66747970(6865(6963|6978|696d|6973|7663|7678))/,
  avifs: /^.{8}6674797061766973/,
  cr3: /^.{8}6674797063727820/,
  cr2: /^49492a00.{8}4352/,
  raf: /^46554a4946494c4d/,
  orf: /^(49495[2]4f|494952[45][f3]|4d4d4f52)/,
  rw2: /^49495500/,
  psd: /^38425053/,
  xcf: /^67696d7020786366/,
  exr: /^762f3101/,
  hdr: /^233f5241444941/,
  dds: /^44445320/,
  // With at least one picture: fonts begin alike.
  ico: /^00000100(?!0000)/,
  qoi: /^716f6966/,
  eps: /^(2521|c5d0d3c6)/,
  djvu: /^41542654464f524d/,
  fits: /^53494d504c4520/,
  mng: /^8a4d4e47/,
  sgi: /^01da0[01]/,
  npy: /^934e554d5059/,
};

/**
 * Checks the first bytes of an image before any library reads it: a file with an image's name may be an SVG,
 * whose rendering takes as long as its author wishes.
 * @throws Refusal for what is no plain file, or none of the kinds that are read, or a TIFF whose samples the
 *   decoder would take for others; the system's error
 * @returns what the decoder does not say of it
 */
export async function refuseOtherKinds(source: string | Uint8Array): Promise<TiffSamples> {
  const start = typeof source === 'string' ? await startOf(source) : source.subarray(0, LENGTH);
  if (start.length === 0) throw new Refusal('empty file');
  const hex = Buffer.from(start).toString('hex');
  const foreign = /^(49492a00.{8}4352|.{8}66747970)/.test(hex) ? [...FOREIGN_FIRST] : [];
  const camera = foreign.find((name) => NOT_READ[name]?.test(hex));
  if (camera !== undefined) throw new Refusal(notReadReason(camera));
  if (TIFF.test(hex)) return tiffSamplesOf(source);
  if (READ.some((pattern) => pattern.test(hex))) return { hasOtherBand: false };
  const text = textKind(start);
  if (text?.reason !== undefined) throw new Refusal(text.reason);
  if (text?.kind !== undefined) throw new Refusal(notReadReason(text.kind));
  const [kind] = Object.entries(NOT_READ).find(([, pattern]) => pattern.test(hex)) ?? [];
  throw new Refusal(kind === undefined ? unknownReason(source) : notReadReason(kind));
}

/** Kinds without first bytes of their own (TGA, PCX) are told by the ending. */
function unknownReason(source: string | Uint8Array): string {
  if (typeof source !== 'string') return NOT_KNOWN;
  return isForeignEnding(extname(source).slice(1)) ? endingReason(source) : NOT_KNOWN;
}

/** The kind of an image by its first bytes, read or not; undefined for anything else. @throws the system's error */
export async function kindByContent(source: string): Promise<string | undefined> {
  const start = await startOf(source);
  const hex = Buffer.from(start).toString('hex');
  const foreign = Object.entries(NOT_READ).find(([, pattern]) => pattern.test(hex))?.[0];
  const known = READ_KINDS[READ.findIndex((pattern) => pattern.test(hex))];
  return foreign ?? known ?? textKind(start)?.kind;
}

async function tiffSamplesOf(source: string | Uint8Array): Promise<TiffSamples> {
  if (typeof source !== 'string') {
    const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
    return readTiffSamples(async (from, into) => bytes.copy(into, 0, from));
  }
  const file = await open(fileSystemPath(source), 'r');
  try {
    return await readTiffSamples(async (from, into) => {
      const { bytesRead } = await file.read(into, 0, into.length, from);
      return bytesRead;
    });
  } finally {
    await file.close();
  }
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
