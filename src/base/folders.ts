import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { dataError, messageOf, systemCode } from './errors.ts';
import { writeFailure } from './write-failure.ts';

/**
 * Creates a folder and its missing parents. An existing folder is fine, also one that another process creates
 * at the same time. Node's own recursive `mkdir` never returns where the file system reports an existing
 * parent as missing, as Linux does below `/proc`.
 * @param named what errors call it, where it has a temporary name
 * @throws VggtuneError (data) where no folder can be made
 */
export async function makeFolder(path: string, named: string = path): Promise<void> {
  try {
    await makeLevels(resolve(path));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EEXIST'].includes(systemCode(error) ?? ''))
      throw writeFailure(named, error);
    throw dataError(`no folder can be made at ${named}`, {
      expected: 'a place that takes folders, and no file on the way',
      found: messageOf(error),
      where: named,
      fix: 'choose another folder',
      cause: error,
    });
  }
}

async function makeLevels(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeLevels(dirname(path));
    // Its parent is there now: that it is still missing is the file system's refusal.
    await makeOne(path);
  }
}

/** Creates one level. The error for an existing folder differs by system: EEXIST, EPERM, EROFS, EISDIR. */
async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || !(await isFolder(path))) throw error;
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
