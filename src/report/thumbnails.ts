import { VggtuneError } from '../base/errors.ts';
import { webThumbnail } from '../dataset/web-thumbnail.ts';
import type { ReadRunImage } from './run-images.ts';

/** The side of a thumbnail in pixels. */
export const THUMBNAIL_SIDE = 128;
/** Images that are read at the same time. */
const AT_ONCE = 8;

export interface ThumbnailRequest {
  readonly readImage: ReadRunImage;
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
 * Makes thumbnails until the space or the time is used up.
 * @returns what became of each image; one that is absent was not looked at
 */
export async function makeThumbnails(
  request: ThumbnailRequest,
): Promise<ReadonlyMap<string, Thumbnail>> {
  const { paths, mostBytes, until } = request;
  const made = new Map<string, Thumbnail>();
  let bytes = 0;
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    if (bytes >= mostBytes || performance.now() >= until) break;
    const some = paths.slice(at, at + AT_ONCE);
    const thumbnails = await Promise.all(some.map((path) => thumbnailOf(path, request)));
    for (const [i, thumbnail] of thumbnails.entries()) {
      made.set(some[i] ?? '', thumbnail);
      if ('webp' in thumbnail) bytes += thumbnail.webp.length;
    }
  }
  return made;
}

async function thumbnailOf(
  path: string,
  { readImage, background }: ThumbnailRequest,
): Promise<Thumbnail> {
  const found = await readImage(path);
  if ('reason' in found) return found;
  try {
    return { webp: await webThumbnail(found.bytes, { side: THUMBNAIL_SIDE, background }) };
  } catch (error) {
    if (error instanceof VggtuneError) return { reason: 'cannot be decoded' };
    throw error;
  }
}
