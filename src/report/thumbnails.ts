import { join } from 'node:path';
import { VggtuneError } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { fileSystemPath, printablePath } from '../dataset/file-names.ts';
import { webThumbnail } from '../dataset/web-thumbnail.ts';
import type { LabelledHash, SplitRecord } from '../run/record.ts';

/** The side of a thumbnail in pixels. */
export const THUMBNAIL_SIDE = 128;
/** Images that are read at the same time. */
const AT_ONCE = 8;
/** The largest image file that is read for a thumbnail. */
const MOST_BYTES = 2 ** 28;

export interface ThumbnailRequest {
  /** The folder that the paths of images are relative to. */
  readonly root: string;
  readonly split: SplitRecord | undefined;
  readonly background: string;
  /** Paths of images, the most needed first. */
  readonly paths: readonly string[];
  /** The bytes that all thumbnails may have. */
  readonly mostBytes: number;
  /** When to stop, in the milliseconds of `performance.now()`. */
  readonly until: number;
}

/** What became of an image: its thumbnail as WebP, or the reason why there is none. */
export type Thumbnail = { readonly webp: Buffer } | { readonly reason: string };

/**
 * Makes thumbnails until the space or the time is used up. An image is shown only if it is the one that the run has
 * seen, by the hash of its bytes: a path of a record that came from elsewhere opens no other file.
 * @returns what became of each image; one that is absent was not looked at
 */
export async function makeThumbnails(
  request: ThumbnailRequest,
): Promise<ReadonlyMap<string, Thumbnail>> {
  const { paths, mostBytes, until } = request;
  const images = imagesOf(request.split);
  const made = new Map<string, Thumbnail>();
  let bytes = 0;
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    if (bytes >= mostBytes || performance.now() >= until) break;
    const some = paths.slice(at, at + AT_ONCE);
    const thumbnails = await Promise.all(
      some.map((path) => thumbnailOf({ ...request, image: images.get(path) })),
    );
    for (const [i, thumbnail] of thumbnails.entries()) {
      made.set(some[i] ?? '', thumbnail);
      if ('webp' in thumbnail) bytes += thumbnail.webp.length;
    }
  }
  return made;
}

/** The images of a split by the paths that predictions name, which are printable. */
function imagesOf(split: SplitRecord | undefined): ReadonlyMap<string, LabelledHash> {
  const images = split === undefined ? [] : [...split.train, ...split.val, ...split.test];
  return new Map(images.map((image) => [printablePath(image.path), image]));
}

interface Asked extends Pick<ThumbnailRequest, 'root' | 'background'> {
  readonly image: LabelledHash | undefined;
}

async function thumbnailOf({ root, background, image }: Asked): Promise<Thumbnail> {
  if (image === undefined) return { reason: 'no image of the run' };
  try {
    const file = fileSystemPath(join(root, image.path));
    const bytes = await readPlainFile(file, { most: MOST_BYTES, what: 'an image' });
    if (sha256(bytes) !== image.hash) return { reason: 'changed since' };
    return { webp: await webThumbnail(bytes, { side: THUMBNAIL_SIDE, background }) };
  } catch (error) {
    return { reason: error instanceof VggtuneError ? 'cannot be read' : 'no longer there' };
  }
}
