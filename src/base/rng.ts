import { createHash } from 'node:crypto';

/**
 * A seeded stream of random numbers: xoshiro128** (Blackman and Vigna 2018), seeded with the
 * SHA-256 of its keys, so that a stream depends on what it is for (`'augment', seed, image, epoch`)
 * and never on what was drawn before it or in which order threads ran.
 */
export interface Rng {
  /** A uniform number in [0, 1), with 32 random bits. */
  uniform(): number;
  /** A uniform integer in [0, n). */
  integer(n: number): number;
  /** A standard normal number (Box-Muller). */
  normal(): number;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

export function createRng(...keys: readonly (string | number)[]): Rng {
  const digest = createHash('sha256').update(JSON.stringify(keys)).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let d = digest.readUInt32LE(12) | 1;
  let spare: number | undefined;

  function next(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled;
  }

  const uniform = () => next() / 2 ** 32;
  const integer = (n: number) => Math.floor(uniform() * n);

  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  function shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = integer(i + 1);
      const moved = out[i] as T;
      out[i] = out[j] as T;
      out[j] = moved;
    }
    return out;
  }

  return { uniform, integer, normal, shuffle };
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
