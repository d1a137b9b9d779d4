import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { isForeignEnding } from './foreign-kinds.ts';

/**
 * File names are bytes, strings are not. A name that is not UTF-8 becomes a string in which each
 * stray byte 0xNN is the lone surrogate U+DCNN (Python's `surrogateescape`, PEP 383): it survives
 * JSON, compares and sorts like any other name, and `fileSystemPath` gives the bytes back.
 */
export function nameFromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    name +=
      length === 0
        ? String.fromCharCode(0xdc00 + bytes.readUInt8(at))
        : bytes.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return name;
}

/** A lone surrogate; pairs make a character and do not match. */
const STRAY = /\p{Surrogate}/u;

/** How many bytes the UTF-8 character at `at` has; 0 if there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}

/** The path for calls of the file system: the string itself, or its bytes where it is not UTF-8. */
export function fileSystemPath(path: string): string | Buffer {
  if (!STRAY.test(path)) return path;
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.charCodeAt(0);
    const stray = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    parts.push(stray ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** A path for people: stray bytes as `\xNN`. */
export function printablePath(path: string): string {
  return path.replace(
    new RegExp(STRAY, 'gu'),
    (stray) => `\\x${(stray.charCodeAt(0) & 0xff).toString(16)}`,
  );
}

/** Where an image of a data set lies: its path is relative to the root, or absolute (from a CSV). */
export function imagePath(root: string, path: string): string {
  return resolve(root, path);
}

/** By code point, whatever the locale; UTF-16 units alone would sort emoji before U+E000. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

const IMAGE_NAME = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif)$/i;

/** The kind of a file by its name: an image, an image of an unsupported kind, or neither. */
export function kindOfFile(name: string): 'image' | 'foreign' | 'other' {
  if (IMAGE_NAME.test(name)) return 'image';
  const [, ending = ''] = /\.([^.]+)$/.exec(name) ?? [];
  return isForeignEnding(ending) ? 'foreign' : 'other';
}

/** Whether a name ends like a list of images and their classes. */
export function isListName(name: string): boolean {
  return /\.(csv|tsv|jsonl)$/i.test(name);
}

/** Whether a name ends like an image of a kind that is read. */
export function isImageName(name: string): boolean {
  return kindOfFile(name) === 'image';
}

/**
 * Whether a name is hidden (`.ipynb_checkpoints`, `._photo.jpg`), or left behind by archives and NAS devices.
 */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX' || name === '@eaDir';
}
