import type { PathLike, Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dataError } from './errors.ts';

/**
 * Reads a file that a person, or another file, has named. Only a plain file is opened: reading a
 * named pipe waits for ever, and a device such as /dev/zero never ends.
 *
 * @param limits `most`: bytes that it may have; `what`: how an error calls what is wanted
 * @throws VggtuneError (data) for anything else, or a file that is larger; the system's error where
 *   there is none, or it may not be read
 */
export async function readPlainFile(
  path: PathLike,
  { most, what }: { readonly most: number; readonly what: string },
): Promise<Buffer> {
  const found = await plainFile(path, what);
  if (found.size > most) throw tooLarge(path, { most, what, found: found.size });
  const file = await open(path, 'r');
  try {
    // Files below /proc say that they are empty, and others may grow: the end is where reading ends.
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > most) throw tooLarge(path, { most, what, found: length });
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/**
 * What the system says of a plain file.
 * @throws VggtuneError (data) for a folder, a pipe, a socket or a device; the system's error
 */
export async function plainFile(path: PathLike, what: string): Promise<Stats> {
  const found = await stat(path);
  if (found.isFile()) return found;
  throw dataError(`${String(path)} is not a file`, {
    expected: what,
    found: kindOf(found),
    where: String(path),
    fix: 'name a file',
  });
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe';
  if (found.isSocket()) return 'a socket';
  return 'a device';
}

function tooLarge(
  path: PathLike,
  { most, what, found }: { most: number; what: string; found: number },
): Error {
  return dataError(`${String(path)} is too large`, {
    expected: `${what} of at most ${most} bytes`,
    found: `${found} bytes or more`,
    where: String(path),
    fix: 'name another file',
  });
}
