import { stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';

/**
 * The folder that image paths are relative to: the data set itself, or the folder of its CSV. A CSV that was
 * removed may have left its images behind.
 */
export async function dataRoot(path: string): Promise<string> {
  const given = resolve(path);
  const isFolder = await stat(given).then(
    (found) => found.isDirectory(),
    () => extname(given).toLowerCase() !== '.csv',
  );
  return isFolder ? given : dirname(given);
}
