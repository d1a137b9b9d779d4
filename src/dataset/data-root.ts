import { stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';

/**
 * The folder from which the paths of a data set's images are meant: the data set itself, or that in
 * which its CSV lies. A CSV that has been removed may have left its images behind.
 */
export async function dataRoot(path: string): Promise<string> {
  const given = resolve(path);
  const isFolder = await stat(given).then(
    (found) => found.isDirectory(),
    () => extname(given).toLowerCase() !== '.csv',
  );
  return isFolder ? given : dirname(given);
}
