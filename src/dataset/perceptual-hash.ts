/** 64 bits, as two unsigned words. */
export type PerceptualHash = readonly [number, number];

/** Side of the thumbnails that hashes are made of. */
export const THUMBNAIL_SIDE = 24;
/** Lowest frequencies of each axis that make the bits. */
const FREQUENCIES = 8;

/**
 * A hash that stays nearly the same when a picture is resized, recompressed or slightly cropped:
 * the signs of the 8 x 8 lowest frequencies of its luma (DCT-II) against their median (pHash:
 * Zauner 2010).
 *
 * @param luma [side, side], row-major
 */
export function perceptualHash(luma: Float32Array): PerceptualHash {
  const spectrum = lowFrequencies(luma);
  // The mean brightness says nothing of the picture, and would shift the median.
  const median = [...spectrum.subarray(1)].sort((a, b) => a - b)[(spectrum.length - 2) / 2] ?? 0;
  const words: [number, number] = [0, 0];
  spectrum.forEach((value, at) => {
    const word = at < 32 ? 0 : 1;
    if (at > 0 && value > median) words[word] = (words[word] | (1 << (at % 32))) >>> 0;
  });
  return words;
}

/** The number of the 64 bits that differ. */
export function hashDistance(a: PerceptualHash, b: PerceptualHash): number {
  return bitCount((a[0] ^ b[0]) >>> 0) + bitCount((a[1] ^ b[1]) >>> 0);
}

/** [side, side] of RGB pixels [side, side, 3], by ITU-R 601-2. */
export function lumaOf(pixels: Uint8Array): Float32Array {
  return Float32Array.from({ length: pixels.length / 3 }, (_, at) => {
    const [r = 0, g = 0, b = 0] = pixels.subarray(3 * at, 3 * at + 3);
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
}

/** The mirror image of [side, side] values. */
export function mirrored(luma: Float32Array): Float32Array {
  const side = THUMBNAIL_SIDE;
  return luma.map((_, at) => luma[at - (at % side) + side - 1 - (at % side)] ?? 0);
}

const COSINES = Float64Array.from({ length: FREQUENCIES * THUMBNAIL_SIDE }, (_, at) => {
  const frequency = Math.floor(at / THUMBNAIL_SIDE);
  const place = at % THUMBNAIL_SIDE;
  return Math.cos((Math.PI * frequency * (2 * place + 1)) / (2 * THUMBNAIL_SIDE));
});

/** [8 * 8]: the separable DCT-II, first along the rows. */
function lowFrequencies(luma: Float32Array): Float64Array {
  const side = THUMBNAIL_SIDE;
  const rows = new Float64Array(side * FREQUENCIES);
  for (let y = 0; y < side; y++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let x = 0; x < side; x++)
        sum += (luma[y * side + x] ?? 0) * (COSINES[u * side + x] ?? 0);
      rows[y * FREQUENCIES + u] = sum;
    }
  }
  const out = new Float64Array(FREQUENCIES * FREQUENCIES);
  for (let v = 0; v < FREQUENCIES; v++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let y = 0; y < side; y++) {
        sum += (rows[y * FREQUENCIES + u] ?? 0) * (COSINES[v * side + y] ?? 0);
      }
      out[v * FREQUENCIES + u] = sum;
    }
  }
  return out;
}

/** Set bits of a word of 32, signed or not (Hacker's Delight, 5-1). */
export function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bits, 0x01010101) >>> 24;
}
