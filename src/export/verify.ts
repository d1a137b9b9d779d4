import { rm } from 'node:fs/promises';
import { dataError } from '../base/errors.ts';

/**
 * The largest difference of a probability between the trained network and an export of it. The
 * same float32 numbers in another order of summation differ by about 1e-6.
 */
export const EXPORT_TOLERANCE = 1e-4;

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

/**
 * Compares what a written file gives with what it should; a file that gives something else is
 * removed.
 * @throws VggtuneError (data) on a difference
 */
export async function verifyExport(
  path: string,
  probabilities: { readonly expected: Float32Array; readonly reloaded: Float32Array },
): Promise<number> {
  const { expected, reloaded } = probabilities;
  const difference = largestDifference(expected, reloaded);
  if (difference <= EXPORT_TOLERANCE) return difference;
  await rm(path, { force: true });
  throw dataError(`${path} does not give what the trained network gives; it was removed`, {
    expected: `probabilities within ${EXPORT_TOLERANCE}`,
    found: `a difference of ${difference}`,
    where: path,
    fix: 'export again; if it happens again, please report it',
  });
}
