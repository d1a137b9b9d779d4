import { readFile } from 'node:fs/promises';
import { fileSystemPath } from './file-names.ts';

/** A file's path, or the bytes of an encoded image. */
export type ImageSource = string | Uint8Array;

/** sharp opens a path by itself, in its own thread; only bytes that are no UTF-8 are read here. */
export async function inputOf(source: ImageSource): Promise<string | Uint8Array> {
  if (typeof source !== 'string') return source;
  const path = fileSystemPath(source);
  return typeof path === 'string' ? path : readFile(path);
}
