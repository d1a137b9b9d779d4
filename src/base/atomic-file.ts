import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dataError, messageOf, systemCode } from './errors.ts';

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
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      if (typeof content === 'function') await content(file);
      else await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // What cannot be made cannot always be removed, and the first failure is the one to tell.
    await rm(temporary, { force: true }).catch(() => {});
    throw writeFailure(path, error);
  }
}

/** A system error of a write as an error that says what to do; anything else unchanged. */
export function writeFailure(path: string, error: unknown): unknown {
  const fixes: Record<string, string> = {
    ENOSPC: 'free some space, or choose another folder',
    EDQUOT: 'your disk quota is used up: free some space, or choose another folder',
    EACCES: 'give write permission, or choose another folder',
    EPERM: 'give write permission, or choose another folder',
    ENOTDIR: 'a part of this path is a file and no folder: choose another folder',
    EEXIST: 'a part of this path is a file and no folder: choose another folder',
    EROFS: 'the file system is read-only: choose another folder',
    EFBIG:
      'the file system, or a limit of this shell (ulimit -f), allows no file of this size: raise the limit, or choose another folder',
  };
  const code = systemCode(error);
  const fix = code === undefined ? undefined : fixes[code];
  if (fix === undefined) return error;
  return dataError(`could not write ${path}`, {
    found: messageOf(error),
    where: path,
    fix,
    cause: error,
  });
}
