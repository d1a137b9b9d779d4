import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../base/errors.ts';
import { compareNames, fileSystemPath, isHidden, nameFromBytes } from './file-names.ts';

/** The entries of a folder without hidden ones, sorted by name; links are followed. */
export interface Listing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  /** Entries that are neither, or cannot be looked at, and why. */
  readonly problems: readonly { readonly name: string; readonly reason: string }[];
}

/** @throws the system's error if the folder cannot be read */
export async function listFolder(folder: string): Promise<Listing> {
  const entries = await readdir(fileSystemPath(folder), {
    withFileTypes: true,
    encoding: 'buffer',
  });
  const folders: string[] = [];
  const files: string[] = [];
  const problems: { name: string; reason: string }[] = [];
  for (const entry of entries) {
    const name = nameFromBytes(entry.name);
    if (isHidden(name)) continue;
    const kind = await kindOf(entry, join(folder, name));
    if (kind === 'folder') folders.push(name);
    else if (kind === 'file') files.push(name);
    else problems.push({ name, reason: kind.reason });
  }
  return { folders: folders.sort(compareNames), files: files.sort(compareNames), problems };
}

type Kind = 'folder' | 'file' | { readonly reason: string };

async function kindOf(entry: Dirent<Buffer>, path: string): Promise<Kind> {
  if (!entry.isSymbolicLink() && (entry.isDirectory() || entry.isFile())) return kindOfStats(entry);
  try {
    return kindOfStats(await stat(fileSystemPath(path)));
  } catch (error) {
    return { reason: entry.isSymbolicLink() ? 'broken link' : systemReason(error) };
  }
}

function kindOfStats(of: Stats | Dirent<Buffer>): Kind {
  if (of.isDirectory()) return 'folder';
  // A named pipe would be waited for for ever.
  return of.isFile() ? 'file' : { reason: 'not a regular file' };
}

/** Why the system refused a file, in plain words. */
export function systemReason(error: unknown): string {
  const code = systemCode(error) ?? 'unknown error';
  const words: Record<string, string> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EISDIR: 'a folder, not a file',
    ELOOP: 'a link that leads to itself',
    EIO: 'the disk could not read it',
    EMFILE: 'this process has too many files open',
    ENFILE: 'this machine has too many files open',
    ENOMEM: 'there is not enough memory',
    ENAMETOOLONG: 'the name is too long',
  };
  return words[code] ?? `could not be read (${code})`;
}

/** What a problem that concerns a whole folder begins with. */
export const FOLDER_PROBLEM = 'folder: ';

export interface FoundFile {
  /** Relative to the folder that was walked, with forward slashes. */
  readonly path: string;
  /** Set if it cannot be used at all. */
  readonly problem?: string;
}

/** Virtual file systems of Linux, which have any number of folders and no image. */
const NO_DISK = /^\/(proc|sys)(\/|$)/;

/** The number of folders that are walked: with links between each other, folders double at every level. */
const MOST_FOLDERS = 100_000;

/**
 * Yields all files under a folder, at any depth. A link that leads to a folder above is not followed again.
 */
export function walkFolder(folder: string, mostFolders = MOST_FOLDERS): Promise<FoundFile[]> {
  return walk(folder, { ancestors: [], budget: { left: mostFolders } });
}

interface Walking {
  /** Real paths from the first folder down. */
  readonly ancestors: readonly string[];
  readonly budget: { left: number };
}

async function walk(folder: string, { ancestors, budget }: Walking): Promise<FoundFile[]> {
  if (budget.left-- <= 0) return [{ path: '', problem: `${FOLDER_PROBLEM}too many folders` }];
  let listing: Listing;
  let here: string;
  try {
    here = (await realpath(fileSystemPath(folder), { encoding: 'buffer' })).toString('latin1');
    if (ancestors.includes(here)) return [];
    if (NO_DISK.test(here)) return [{ path: '', problem: `${FOLDER_PROBLEM}a part of the system` }];
    listing = await listFolder(folder);
  } catch (error) {
    return [{ path: '', problem: FOLDER_PROBLEM + systemReason(error) }];
  }
  const found: FoundFile[] = [
    ...listing.files.map((name) => ({ path: name })),
    ...listing.problems.map(({ name, reason }) => ({ path: name, problem: reason })),
  ];
  const inside = { ancestors: [...ancestors, here], budget };
  for (const name of listing.folders) {
    for (const file of await walk(join(folder, name), inside)) {
      found.push({ ...file, path: file.path === '' ? name : `${name}/${file.path}` });
    }
  }
  return found;
}
