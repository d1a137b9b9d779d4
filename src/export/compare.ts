import { dataError } from '../base/errors.ts';
import type { Exactness } from './exporter.ts';

/** The result of an export on images that the network was not trained on; `verification.json`. */
export interface Verification {
  /** The software that loaded the export again. */
  readonly readBy: string;
  readonly exactness: Exactness;
  readonly images: number;
  /** The largest difference of a probability. */
  readonly largestDifference: number;
  /** The share of the images with the same top class. */
  readonly agreement: number;
  /** The accuracy on the images whose class is known. */
  readonly accuracy?: { readonly trained: number; readonly exported: number };
}

/**
 * The largest difference of a probability between the trained network and an export of it. The
 * same float32 numbers in another order of summation differ by about 1e-6.
 */
const EXPORT_TOLERANCE = 1e-4;

/**
 * The largest differences of a probability: float32 in another order of summation, and half-precision
 * kernels.
 */
const TOLERANCES = { float: EXPORT_TOLERANCE, half: 0.02 } as const;
/** The smallest share of images with the same top class, for 8-bit forms. */
const LEAST_AGREEMENT = 0.9;

/** Compares the outputs of an export with those of the trained network, image by image. */
export function compareExport(of: {
  readonly readBy: string;
  readonly exactness: Exactness;
  readonly expected: readonly Float32Array[];
  readonly found: readonly Float32Array[];
  readonly labels: readonly (number | undefined)[];
}): Verification {
  const { readBy, exactness, expected, found, labels } = of;
  const differences = expected.map((row, i) => largestDifference(row, found[i] ?? []));
  const share = (hits: readonly boolean[]) =>
    hits.filter(Boolean).length / Math.max(1, hits.length);
  const known = labels.flatMap((label, i) => (label === undefined ? [] : [{ label, i }]));
  const accuracyOf = (rows: readonly Float32Array[]) =>
    share(known.map(({ label, i }) => topClass(rows[i] ?? []) === label));
  return {
    readBy,
    exactness,
    images: expected.length,
    largestDifference:
      found.length === expected.length ? Math.max(0, ...differences) : Number.POSITIVE_INFINITY,
    agreement: share(expected.map((row, i) => topClass(row) === topClass(found[i] ?? []))),
    ...(known.length > 0 && {
      accuracy: { trained: accuracyOf(expected), exported: accuracyOf(found) },
    }),
  };
}

/** @throws VggtuneError (data) when an export is further from the network than its form explains */
export function expectFaithful(format: string, verification: Verification): void {
  const { exactness, largestDifference: difference, agreement, readBy } = verification;
  const isFaithful =
    exactness === 'byte'
      ? agreement >= LEAST_AGREEMENT && Number.isFinite(difference)
      : difference <= TOLERANCES[exactness];
  if (isFaithful) return;
  throw dataError(`the ${format} export does not give what the trained network gives`, {
    expected:
      exactness === 'byte'
        ? `the same top class on ${LEAST_AGREEMENT * 100} % of the images`
        : `probabilities within ${TOLERANCES[exactness]}`,
    found:
      exactness === 'byte'
        ? `the same on ${(agreement * 100).toFixed(1)} %`
        : `a difference of ${difference}`,
    where: `read back by ${readBy} on ${verification.images} images`,
    fix:
      exactness === 'byte'
        ? 'use a float form; nothing was left behind'
        : 'export again; if it happens again, please report it. Nothing was left behind',
  });
}

/** @returns the largest difference; infinite when the two are not of one length, or a number is NaN */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (!(difference <= largest)) largest = difference;
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
  }
  return largest;
}

function topClass(row: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] ?? 0) > (row[best] ?? 0)) best = i;
  return best;
}

/** Rows of `length` numbers that lie one after the other. */
export function rowsOf(values: Float32Array, length: number): Float32Array[] {
  const count = values.length / length;
  return Array.from({ length: count }, (_, i) => values.slice(i * length, (i + 1) * length));
}
