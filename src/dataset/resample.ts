import type { CropBox, ImageSize } from './geometry.ts';
import { reusable } from './reusable.ts';

/** RGB bytes [height, width, 3]. */
export interface Picture extends ImageSize {
  readonly pixels: Uint8Array;
}

/**
 * Resizes a picture as PIL and torchvision do: by a triangle that reaches to the centres of the next
 * pixels, or as far as one pixel of the result where that is larger (so shrinking is antialiased);
 * across and then down, rounded to whole values after each. libvips measures from the corners of
 * pixels instead, which shifts what it enlarges by half a pixel of the original, and its pipeline
 * takes a millisecond for a picture of any size.
 *
 * @param scaled what the whole picture becomes
 * @param window the part of that which is wanted, mirrored left to right if so asked
 * @returns RGB, [window.height, window.width, 3]
 */
export function resample(
  { pixels, width, height }: Picture,
  scaled: ImageSize,
  window: CropBox & { readonly mirrored?: boolean },
): Uint8Array {
  const columns = columnTaps(width, scaled.width, [window.left, window.width]);
  const rows = rowTaps(height, scaled.height, [window.top, window.height]);
  const stride = window.width * 3;
  const [top, bottom] = [rows.first[0] ?? 0, (rows.first.at(-1) ?? 0) + rows.count];
  const across = acrossOf((bottom - top) * stride);
  for (let y = top; y < bottom; y++) {
    const from = pixels.subarray(y * width * 3, (y + 1) * width * 3);
    const to = across.subarray((y - top) * stride, (y - top + 1) * stride);
    resampleRow(from, to, columns);
    if (window.mirrored === true) mirror(to);
  }
  return resampleColumns(across, { top, stride }, rows);
}

/** For each output pixel along one axis, `count` neighbouring input pixels from `first` on. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  /** [wanted, count]; what lies outside of the picture, or beyond the triangle, weighs nothing. */
  readonly weights: Float64Array;
}

/** Creates the taps of one axis; the next call overwrites the result of the last. */
function createTaps() {
  const firstOf = reusable((length) => new Int32Array(length));
  const weightsOf = reusable((length) => new Float64Array(length));
  return (from: number, to: number, [start, wanted]: readonly [number, number]): Taps => {
    const scale = Math.max(1, from / to);
    const count = Math.min(from, Math.ceil(2 * scale));
    const first = firstOf(wanted);
    const weights = weightsOf(wanted * count);
    for (let i = 0; i < wanted; i++) {
      const centre = ((start + i + 0.5) * from) / to;
      const low = Math.floor(centre - scale + 0.5);
      const begin = Math.max(0, Math.min(low, from - count));
      let sum = 0;
      for (let tap = 0; tap < count; tap++) {
        const weight = Math.max(0, 1 - Math.abs(begin + tap + 0.5 - centre) / scale);
        weights[i * count + tap] = weight;
        sum += weight;
      }
      for (let tap = i * count; tap < (i + 1) * count; tap++) {
        weights[tap] = (weights[tap] as number) / sum;
      }
      first[i] = begin;
    }
    return { count, first, weights };
  };
}

const acrossOf = reusable((length) => new Uint8Array(length));
const columnTaps = createTaps();
const rowTaps = createTaps();

function resampleRow(from: Uint8Array, to: Uint8Array, { count, first, weights }: Taps): void {
  for (let x = 0, at = 0; x < first.length; x++, at += 3) {
    let [red, green, blue] = [0.5, 0.5, 0.5];
    let source = (first[x] as number) * 3;
    for (let tap = x * count; tap < (x + 1) * count; tap++, source += 3) {
      const weight = weights[tap] as number;
      red += weight * (from[source] as number);
      green += weight * (from[source + 1] as number);
      blue += weight * (from[source + 2] as number);
    }
    // A store into bytes drops the fraction.
    to[at] = red;
    to[at + 1] = green;
    to[at + 2] = blue;
  }
}

function resampleColumns(
  across: Uint8Array,
  { top, stride }: { readonly top: number; readonly stride: number },
  { count, first, weights }: Taps,
): Uint8Array {
  const out = new Uint8Array(first.length * stride);
  for (let y = 0; y < first.length; y++) {
    const begin = ((first[y] as number) - top) * stride;
    for (let x = 0; x < stride; x++) {
      let sum = 0.5;
      for (let tap = 0, source = begin + x; tap < count; tap++, source += stride) {
        sum += (weights[y * count + tap] as number) * (across[source] as number);
      }
      out[y * stride + x] = sum;
    }
  }
  return out;
}

/** Reverses the pixels of a row in place. */
function mirror(row: Uint8Array): void {
  for (let left = 0, right = row.length - 3; left < right; left += 3, right -= 3) {
    for (let c = 0; c < 3; c++) {
      const kept = row[left + c] as number;
      row[left + c] = row[right + c] as number;
      row[right + c] = kept;
    }
  }
}
