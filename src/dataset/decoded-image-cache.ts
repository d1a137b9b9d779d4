import { thisMachine } from '../base/machine.ts';
import type { Picture } from './resample.ts';

/** A cache of decoded images by their files' paths, all with one background. */
export interface DecodedImageCache {
  get(path: string): Picture | undefined;
  /** Adds an image while there is room; no image is evicted for another. */
  add(path: string, picture: Picture): void;
  /** The bytes that all cached images take. */
  readonly bytes: number;
}

/**
 * The size of the cache: an eighth of the memory that this process may use, at most 2 GiB (100,000 images of
 * 80 x 80 pixels).
 */
export const DECODED_CACHE_BYTES = Math.min(2 ** 31, thisMachine().memory / 8);

/**
 * The size of one allocation, which many images share: the garbage collector would track a hundred thousand
 * separate ones.
 */
const SLAB_BYTES = 2 ** 24;

interface Place {
  readonly slab: Uint8Array;
  readonly start: number;
  readonly width: number;
  readonly height: number;
}

/** Creates a cache for images that are read again in each epoch, always with another crop. */
export function createDecodedImageCache(room = DECODED_CACHE_BYTES): DecodedImageCache {
  const places = new Map<string, Place>();
  let left = room;
  let slab = new Uint8Array(0);
  let end = 0;
  return {
    get bytes() {
      return room - left;
    },
    get(path) {
      const place = places.get(path);
      if (place === undefined) return undefined;
      const { width, height, start } = place;
      return { width, height, pixels: place.slab.subarray(start, start + width * height * 3) };
    },
    add(path, { width, height, pixels }) {
      if (pixels.length > left || places.has(path)) return;
      if (end + pixels.length > slab.length) {
        slab = new Uint8Array(Math.max(pixels.length, Math.min(SLAB_BYTES, left)));
        end = 0;
      }
      slab.set(pixels, end);
      places.set(path, { slab, start: end, width, height });
      end += pixels.length;
      left -= pixels.length;
    },
  };
}
