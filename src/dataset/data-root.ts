import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { archiveKind, unpackArchive } from './archive/unpack.ts';
import { isListName } from './file-names.ts';

/**
 * The folder that the paths of a data set's images are relative to: the data set itself, the folder of its list, or
 * the one in the cache that its archive was unpacked to. A list that has been removed may have left its images behind.
 */
export async function dataRoot(path: string, cache?: string): Promise<string> {
  const given = resolve(path);
  const file = await stat(given).then(
    (found) => found.isFile(),
    () => false,
  );
  const kind = file ? await archiveKind(given) : undefined;
  if (kind !== undefined) return unpackArchive(given, kind, { cache });
  const isFolder = await stat(given).then(
    (found) => found.isDirectory(),
    () => !isListName(given),
  );
  return isFolder ? given : dirname(given);
}
