import { VggtuneError } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { dataRoot } from '../dataset/data-root.ts';
import { fileSystemPath, imagePath, printablePath } from '../dataset/file-names.ts';
import type { ReportedRun } from './read-run.ts';

/** The largest image file that is read. */
const MOST_BYTES = 2 ** 28;

/** The bytes of an image, or the reason why they cannot be had. */
export type RunImage = { readonly bytes: Buffer } | { readonly reason: string };

/** Reads an image of a run by the path that its predictions name. */
export type ReadRunImage = (path: string) => Promise<RunImage>;

/**
 * Gives access to the images of a run. An image is read only if it is the one that the run has seen, by the hash of
 * its bytes: a path in a record that came from elsewhere shows no other file.
 * @param cache the cache folder, to which an archive of images is unpacked
 */
export async function openRunImages(
  { config, split }: ReportedRun,
  cache: string,
): Promise<ReadRunImage> {
  const all = split === undefined ? [] : [...split.train, ...split.val, ...split.test];
  return imageReader(all, config === undefined ? undefined : await rootOf(config.data, cache));
}

/** Reads images by their printable paths, each only if its bytes are those that were seen. */
export function imageReader(
  images: readonly { readonly path: string; readonly hash: string }[],
  root: string | undefined,
): ReadRunImage {
  const known = new Map(images.map((image) => [printablePath(image.path), image]));
  return async (path) => {
    const image = known.get(path);
    if (image === undefined || root === undefined) return { reason: 'not an image of the run' };
    try {
      const file = fileSystemPath(imagePath(root, image.path));
      const bytes = await readPlainFile(file, { most: MOST_BYTES, what: 'an image' });
      return sha256(bytes) === image.hash ? { bytes } : { reason: 'changed since' };
    } catch (error) {
      return { reason: error instanceof VggtuneError ? 'cannot be read' : 'no longer there' };
    }
  };
}

/** An archive that cannot be unpacked any more has no folder. */
function rootOf(data: string, cache: string): Promise<string | undefined> {
  return dataRoot(data, cache).catch(() => undefined);
}
