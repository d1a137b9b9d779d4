import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './folders.ts';
import { renameFile } from './rename.ts';
import { writeFailure } from './write-failure.ts';

type Content = string | Uint8Array | ((file: FileHandle) => Promise<void>);

/**
 * Writes a file whole or not at all: to a temporary name beside it, flushed, then renamed.
 * On any failure the temporary file is removed and what stood there before stays.
 *
 * @param content the bytes, or a function that writes them piece by piece
 * @throws VggtuneError (data) when the disk is full or the folder cannot be written
 */
export async function writeFileAtomic(path: string, content: Content): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, 'wx');
    try {
      if (typeof content === 'function') await content(file);
      else await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameFile(temporary, path);
  } catch (error) {
    // What cannot be made cannot always be removed, and the first failure is the one to tell.
    await rm(temporary, { force: true }).catch(() => {});
    throw writeFailure(path, error);
  }
}
