const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * The IEEE 754 binary16 bits of a number, rounded to the nearest, ties to even; what is too large
 * becomes an infinity.
 */
export function halfBits(value: number): number {
  float[0] = value;
  const all = bits[0] ?? 0;
  const sign = (all >>> 16) & 0x8000;
  const magnitude = all & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormal(Math.abs(float[0] ?? 0));
  // The exponent's bias goes from 127 to 15, and 13 bits of the fraction are rounded away.
  const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
  return sign | (rounded >>> 13);
}

/** Below 2^-14 a half is a multiple of 2^-24; the largest rounds up into the first normal number. */
function subnormal(value: number): number {
  const scaled = value * 2 ** 24;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
