import { dataError, messageOf, systemCode } from './errors.ts';

const FIXES: Readonly<Record<string, string>> = {
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

/** A system error of a write as an error that says what to do; anything else unchanged. */
export function writeFailure(path: string, error: unknown): unknown {
  const fix = isRefusal(path, error)
    ? 'this place takes no new files or folders: choose another folder'
    : FIXES[systemCode(error) ?? ''];
  if (fix === undefined) return error;
  return dataError(`could not write ${path}`, {
    found: messageOf(error),
    where: path,
    fix,
    cause: error,
  });
}

/**
 * Whether the file system refused to create the file, as `/proc` does. ENOENT also stands for a missing file
 * to read, which would be a bug; so the path in the error must be the one to be created, or its temporary
 * name.
 */
function isRefusal(path: string, error: unknown): boolean {
  if (systemCode(error) !== 'ENOENT' || !(error instanceof Error)) return false;
  return 'path' in error && typeof error.path === 'string' && error.path.startsWith(path);
}
