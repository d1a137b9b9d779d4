import type { Scored } from '../metrics/scores.ts';
import { wilsonInterval } from '../metrics/wilson.ts';

/** Two classes, and how well they are told apart. */
export interface ClassPair {
  readonly a: number;
  readonly b: number;
  /** Images of both. */
  readonly images: number;
  /** The share of these for which their own class is the more probable one of the two; of both classes the mean. */
  readonly toldApart: number;
}

/**
 * Pairs of classes that are told apart no better than by a coin: the interval of 95 % (Wilson) of the share that is
 * right reaches down to a half. The worst come first.
 * @param scored probabilities of fits that have not seen the image
 */
export function inseparablePairs(scored: Scored): readonly ClassPair[] {
  const { classes } = scored;
  const wins = winsOf(scored);
  const images = new Float64Array(classes);
  for (const label of Array.from(scored.labels)) images[label] = (images[label] as number) + 1;
  const pairs: ClassPair[] = [];
  for (let a = 0; a < classes; a++) {
    for (let b = a + 1; b < classes; b++) {
      const [ofA, ofB] = [images[a] as number, images[b] as number];
      if (ofA === 0 || ofB === 0) continue;
      const shareA = (wins[a * classes + b] as number) / ofA;
      const shareB = (wins[b * classes + a] as number) / ofB;
      const toldApart = (shareA + shareB) / 2;
      const [least] = wilsonInterval(toldApart, ofA + ofB);
      if (least <= 0.5) pairs.push({ a, b, images: ofA + ofB, toldApart });
    }
  }
  return pairs.sort((one, other) => one.toldApart - other.toldApart);
}

/** [classes, classes]: of the images of a class, how many have it above another one; ties are half. */
function winsOf({ scores, classes, labels }: Scored): Float64Array {
  const wins = new Float64Array(classes * classes);
  Array.from(labels).forEach((label, image) => {
    const own = scores[image * classes + label] as number;
    for (let c = 0; c < classes; c++) {
      const other = scores[image * classes + c] as number;
      const won = own > other ? 1 : own === other ? 0.5 : 0;
      wins[label * classes + c] = (wins[label * classes + c] as number) + won;
    }
  });
  return wins;
}
