import { checkScored, predictedClass, type Scored } from './scores.ts';

/** Counts, [actual][predicted]. */
export type Confusion = readonly (readonly number[])[];

/** An image without any comparable score (all NaN) counts nowhere. */
export function confusionMatrix(scored: Scored): Confusion {
  checkScored(scored);
  const { classes, labels } = scored;
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const row = counts[labels[i] ?? -1];
    const predicted = predictedClass(scored, i);
    if (row !== undefined && predicted >= 0) row[predicted] = (row[predicted] ?? 0) + 1;
  }
  return counts;
}

export interface ClassMetrics {
  /** The share of the images predicted as the class that belong to it; 0 if none was predicted so. */
  readonly precision: number;
  /** The share of the images of the class that were predicted as it; 0 if there are none. */
  readonly recall: number;
  /** Harmonic mean of the two; 0 if both are. */
  readonly f1: number;
  /** The number of images of the class. */
  readonly support: number;
}

/** One entry a class, in the order of the matrix. */
export function perClassMetrics(confusion: Confusion): ClassMetrics[] {
  return confusion.map((row, c) => {
    const hits = row[c] ?? 0;
    const support = row.reduce((sum, count) => sum + count, 0);
    const called = confusion.reduce((sum, other) => sum + (other[c] ?? 0), 0);
    return {
      precision: called === 0 ? 0 : hits / called,
      recall: support === 0 ? 0 : hits / support,
      f1: support + called === 0 ? 0 : (2 * hits) / (support + called),
      support,
    };
  });
}

/**
 * The mean F1 of the classes that occur, as actual or as predicted ones (scikit-learn's rule): a
 * class that is not in the images at all neither helps nor hurts. NaN if none occurs.
 */
export function macroF1(confusion: Confusion): number {
  const occurring = perClassMetrics(confusion).filter(
    ({ support }, c) => support > 0 || confusion.some((row) => (row[c] ?? 0) > 0),
  );
  return occurring.reduce((sum, { f1 }) => sum + f1, 0) / occurring.length;
}
