import { stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';

import { archiveKind, unpackArchive } from './archive/unpack.ts';

/**
 * The folder from which the paths of a data set's images are meant: the data set itself, or that in
 * which its CSV lies, or an archive was unpacked into the cache folder. A CSV that has been removed may have left its images behind.
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
    () => extname(given).toLowerCase() !== '.csv',
  );
  return isFolder ? given : dirname(given);
}
