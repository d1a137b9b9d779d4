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
  const next = createGenerator(createHash('sha256').update(JSON.stringify(keys)).digest());
  let spare: number | undefined;
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

  return { uniform, integer, normal, shuffle: (items) => shuffled(items, integer) };
}

/** The numbers of xoshiro128** in [0, 2^32), from 16 bytes of state. */
function createGenerator(digest: Buffer): () => number {
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let d = digest.readUInt32LE(12) | 1;

  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled;
  };
}

function shuffled<T>(items: readonly T[], integer: (n: number) => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = integer(i + 1);
    const moved = out[i] as T;
    out[i] = out[j] as T;
    out[j] = moved;
  }
  return out;
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
