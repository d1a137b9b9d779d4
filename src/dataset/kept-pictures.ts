import { thisMachine } from '../base/machine.ts';
import type { Picture } from './resample.ts';

/** Decoded images by their files' paths, all on one background. */
export interface KeptPictures {
  get(path: string): Picture | undefined;
  /** Kept as long as there is room, and never given up for another. */
  add(path: string, picture: Picture): void;
  /** What all of them take. */
  readonly bytes: number;
}

/** An eighth of the memory that this process may use, 2 GiB at most: 100,000 images of 80 x 80 pixels. */
export const KEPT_BYTES = Math.min(2 ** 31, thisMachine().memory / 8);

/** Many pictures share one allocation: a hundred thousand of them would each be looked after alone. */
const SLAB_BYTES = 2 ** 24;

interface Place {
  readonly slab: Uint8Array;
  readonly start: number;
  readonly width: number;
  readonly height: number;
}

/** For images that are read again in each epoch, always in another crop. */
export function createKeptPictures(room = KEPT_BYTES): KeptPictures {
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
