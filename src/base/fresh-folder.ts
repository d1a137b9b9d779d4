import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { usageError } from './errors.ts';
import { makeFolder } from './folders.ts';
import { renameFile } from './rename.ts';
import { writeFailure } from './write-failure.ts';

/**
 * Fills a folder whole or not at all: under a temporary name beside it, then renamed. On any failure
 * what was written is removed, and what stood there before stays.
 *
 * @param work is given the temporary folder, which is empty
 * @throws VggtuneError (usage) when the folder is there and `overwrite` is not asked for, (data)
 *   when the disk is full or the folder cannot be written
 */
export async function writeFolderAtomic<T>(
  path: string,
  work: (folder: string) => Promise<T>,
  options: { readonly overwrite?: boolean } = {},
): Promise<T> {
  const present = await stat(path).then(
    () => true,
    () => false,
  );
  if (present && options.overwrite !== true) throw alreadyThere(path);
  const suffix = `${randomBytes(6).toString('hex')}.tmp`;
  const temporary = `${path}.${suffix}`;
  try {
    await makeFolder(temporary, path);
    const result = await work(temporary);
    await replace(path, { by: temporary, present, aside: `${path}.old.${suffix}` });
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw writeFailure(path, error);
  }
}

interface Replacement {
  readonly by: string;
  readonly present: boolean;
  /** Where the old folder waits until the new one has its name. */
  readonly aside: string;
}

async function replace(path: string, { by, present, aside }: Replacement): Promise<void> {
  if (!present) return renameFile(by, path);
  await renameFile(path, aside);
  try {
    await renameFile(by, path);
  } catch (error) {
    await renameFile(aside, path);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

function alreadyThere(path: string): Error {
  return usageError(`${path} is there already`, {
    expected: 'a name that is free',
    where: path,
    fix: 'choose another folder with --out, or replace it with --overwrite',
  });
}
