import { randomBytes } from 'node:crypto';
import { open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Emit } from '../../base/events.ts';
import { makeFolder } from '../../base/folders.ts';
import { sha256File } from '../../base/hash.ts';
import { renameFile } from '../../base/rename.ts';
import { writeFailure } from '../../base/write-failure.ts';
import { sideOf } from '../candidates.ts';
import { isListName, kindOfFile } from '../file-names.ts';
import { listFolder } from '../walk.ts';
import { archiveError } from './member.ts';
import { readTar } from './tar.ts';
import { readZip } from './zip.ts';

export type ArchiveKind = 'zip' | 'tar' | 'gzip';

/** What an archive is, by its first bytes; undefined for a file that is none. */
export async function archiveKind(path: string): Promise<ArchiveKind | undefined> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.toString('latin1', 0, 4) === 'PK\x03\x04') return 'zip';
    if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
    return start.toString('latin1', 257, 262) === 'ustar' ? 'tar' : undefined;
  } finally {
    await file.close();
  }
}

export interface UnpackOptions {
  readonly cache: string | undefined;
  readonly emit?: Emit | undefined;
}

/**
 * The folder of images in an archive. It is unpacked once, into the cache folder under the hash of its bytes, whole or
 * not at all: images and lists alone.
 * @throws VggtuneError (data) where it is damaged, unpacks to too much, or holds links or paths that lead out of it
 */
export async function unpackArchive(
  path: string,
  kind: ArchiveKind,
  { cache, emit }: UnpackOptions,
): Promise<string> {
  if (cache === undefined) throw archiveError(path, 'no cache folder to unpack it to');
  const folder = join(cache, 'archives', (await sha256File(path)).slice(0, 32));
  if (await isFolder(folder)) return innerFolder(folder);
  emit?.({ type: 'stage', stage: 'data', message: `unpacking ${path}` });
  const temporary = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await makeFolder(temporary, folder);
    const count = await unpackTo(temporary, { path, kind });
    if (count === 0) throw archiveError(path, 'no image and no list');
    await renameFile(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    // Another process may have unpacked the same.
    if (!(await isFolder(folder))) throw writeFailure(folder, error);
  }
  return innerFolder(folder);
}

async function unpackTo(
  folder: string,
  { path, kind }: { readonly path: string; readonly kind: ArchiveKind },
): Promise<number> {
  const made = new Set<string>();
  let count = 0;
  const write = async (name: string, bytes: Uint8Array) => {
    const target = join(folder, name);
    const parent = dirname(target);
    if (!made.has(parent)) {
      await makeFolder(parent);
      made.add(parent);
    }
    await writeFile(target, bytes);
    count++;
  };
  if (kind === 'zip') await readZip(path, write);
  else await readTar(path, { gzip: kind === 'gzip', write });
  return count;
}

/** Archives are of a folder: the classes are below it. */
async function innerFolder(folder: string): Promise<string> {
  const { folders, files } = await listFolder(folder);
  const [only] = folders;
  const wrapped = only !== undefined && folders.length === 1 && files.length === 0;
  if (!wrapped || sideOf(only) !== undefined) return folder;
  const inner = join(folder, only);
  const names = await readdir(inner, { withFileTypes: true });
  const pictures = names.some((entry) => entry.isFile() && kindOfFile(entry.name) === 'image');
  const lists = names.some((entry) => entry.isFile() && isListName(entry.name));
  const deeper = names.some((entry) => entry.isDirectory());
  return lists || (deeper && !pictures) ? innerFolder(inner) : folder;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
