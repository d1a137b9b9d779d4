import { randomBytes } from 'node:crypto';
import { lstat, readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { usageError } from './errors.ts';
import { foreignFiles, markFolder } from './folder-mark.ts';
import { makeFolder } from './folders.ts';
import { unlessMachineFails } from './machine-failure.ts';
import { renameFile } from './rename.ts';
import { writeFailure } from './write-failure.ts';

export interface FreshOptions {
  /** Replaces a folder that was written by this function and holds nothing else. */
  readonly overwrite?: boolean;
}

/**
 * Fills a folder whole or not at all: under a temporary name beside it, then renamed. On any failure
 * what was written is removed, and what stood there before stays.
 *
 * @param work is given the temporary folder, which is empty
 * @throws VggtuneError (usage) as `refuseTaken`, (data) when the disk is full or the folder cannot be
 *   written
 */
export async function writeFolderAtomic<T>(
  path: string,
  work: (folder: string) => Promise<T>,
  options: FreshOptions = {},
): Promise<T> {
  await refuseTaken(path, options);
  const suffix = `${randomBytes(6).toString('hex')}.tmp`;
  const temporary = `${path}.${suffix}`;
  try {
    await makeFolder(temporary, path);
    const result = await work(temporary);
    await markFolder(temporary);
    // The work may have taken minutes, and somebody may have put a file there meanwhile.
    const present = await refuseTaken(path, options);
    await replace(path, { by: temporary, present, aside: `${path}.old.${suffix}` });
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw writeFailure(path, error);
  }
}

/**
 * The check of `writeFolderAtomic` alone, for use before long work.
 * @returns whether something is there that is to be replaced
 * @throws VggtuneError (usage) when the folder is there and `overwrite` is not asked for, when
 * anything in it is not vggtune's, or when the process works in it
 */
export async function refuseTaken(path: string, options: FreshOptions = {}): Promise<boolean> {
  await recover(path);
  const present = await exists(path);
  if (!present) return false;
  if (await holdsWorkingFolder(path)) throw inUse(path);
  const foreign = await foreignFiles(path, LISTED + 1);
  if (foreign.length > 0) throw notOurs(path, foreign);
  if (options.overwrite !== true) throw alreadyThere(path);
  return true;
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(() => true, unlessMachineFails(false));

/**
 * A process that was killed while it replaced a folder has left the old one under its temporary name: it is put
 * back where there is none in its place, and removed where there is.
 */
async function recover(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  const isAside = (name: string) =>
    name.startsWith(`${basename(path)}.old.`) && /\.[0-9a-f]{12}\.tmp$/.test(name);
  for (const name of names.filter(isAside)) {
    const aside = join(dirname(path), name);
    if ((await foreignFiles(aside, 1)).length > 0) continue;
    if (await exists(path)) await rm(aside, { recursive: true, force: true }).catch(() => {});
    else await renameFile(aside, path).catch(() => {});
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

/** Whether the path is the current folder or one above it. */
async function holdsWorkingFolder(path: string): Promise<boolean> {
  const real = await realpath(path).catch(() => path);
  const down = relative(real, await realpath(process.cwd()));
  return down === '' || (down !== '..' && !down.startsWith(`..${sep}`) && !/^[a-z]:/i.test(down));
}

function inUse(path: string): Error {
  return usageError(`${path} is the folder that the command runs in, or one above it`, {
    expected: 'a folder that can be replaced whole',
    where: path,
    fix: 'choose another folder with --out',
  });
}

/** The number of names that an error lists. */
const LISTED = 5;

function notOurs(path: string, foreign: readonly string[]): Error {
  const more = foreign.length > LISTED ? ' and more' : '';
  return usageError(`${path} is there already, and holds more than an export`, {
    expected: 'a name that is free, or a folder with nothing in it but an earlier export',
    found: `${foreign.slice(0, LISTED).join(', ')}${more}`,
    where: path,
    fix: 'choose another folder with --out, or move what is there away',
  });
}

function alreadyThere(path: string): Error {
  return usageError(`${path} is there already`, {
    expected: 'a name that is free',
    where: path,
    fix: 'choose another folder with --out, or replace it with --overwrite',
  });
}
