import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataError, messageOf, systemCode } from '../base/errors.ts';
import type { Storage } from '../base/storage.ts';
import type { WeightsSource } from './sources.ts';

/** How much of a published file is wanted. */
export type Part = 'all' | 'features';

/** The folder of downloaded weights. */
export function weightsFolder({ folder }: Storage): string {
  return join(folder, 'weights');
}

/** The path of a source's file in the cache, or of its convolutions alone. */
export function cachedPath(storage: Storage, source: WeightsSource, part: Part): string {
  return join(weightsFolder(storage), cachedName(source, part));
}

/** The name of a source's file in the cache; the convolutions alone have a name of their own. */
export function cachedName({ holds, file }: WeightsSource, part: Part): string {
  return part === 'features' && holds === 'all'
    ? file.replace(/\.\w+$/, '.features.safetensors')
    : file;
}

/** The cached file that holds what is wanted; the whole one is as good as a part. */
export async function findCached(
  storage: Storage,
  source: WeightsSource,
  part: Part,
): Promise<string | undefined> {
  const whole = cachedPath(storage, source, 'all');
  if ((source.holds === 'all' || part === 'features') && (await isThere(whole))) {
    return whole;
  }
  const own = cachedPath(storage, source, part);
  return part === 'features' && (await isThere(own)) ? own : undefined;
}

async function isThere(path: string): Promise<boolean> {
  const size = await sizeOfFile(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return size !== undefined;
}

export interface CachedFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** The files in the folder; files that are being downloaded have a name that starts with a dot. */
export async function listCached(storage: Storage): Promise<readonly CachedFile[]> {
  const folder = weightsFolder(storage);
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw unreadable(folder, error);
  });
  const files: CachedFile[] = [];
  for (const name of names.filter((name) => !name.startsWith('.')).sort()) {
    const path = join(folder, name);
    const bytes = await sizeOfFile(path);
    if (bytes !== undefined) files.push({ name, path, bytes });
  }
  return files;
}

/** The size of a file; undefined when it does not exist. */
export async function sizeOfFile(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The cache is where the home folder is, unless somebody says where: a home folder may be closed, or no folder. */
const unreadable = (path: string, error: unknown) =>
  dataError('the folder of weights cannot be read', {
    found: messageOf(error),
    where: path,
    fix: 'name another folder for the cache: --cache FOLDER, or VGGTUNE_CACHE',
    cause: error,
  });
