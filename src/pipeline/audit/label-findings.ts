import { type ClassPair, inseparablePairs } from '../../audit/class-pairs.ts';
import { labelNoise } from '../../audit/label-noise.ts';
import { predictedClass } from '../../metrics/scores.ts';
import { type OutOfFold, outOfFold } from '../../solver/out-of-fold.ts';
import type { ImageFeatures } from './image-features.ts';

/** What the labels of images look like to fits that have not seen them. */
export interface LabelFindings {
  /** The most probable other class, and its probability. */
  readonly likely: readonly { readonly label: number; readonly probability: number }[];
  /** How probable it is that the label is wrong; 0 for the only image of a class. */
  readonly wrongness: readonly number[];
  /** Whether it is more probable that the label is wrong than that it is right. */
  readonly isSuspect: readonly boolean[];
  /** How many labels are wrong, by expectation. */
  readonly wrong: number;
  /** The share of the images whose label is the most probable class. */
  readonly agreement: number;
  readonly pairs: readonly ClassPair[];
  readonly folds: number;
  readonly fits: number;
}

/** Cross-validations with folds of their own. */
export const REPEATS = 3;

/** @returns undefined where too few images leave nothing to judge by */
export async function findWrongLabels({
  problem,
}: ImageFeatures): Promise<LabelFindings | undefined> {
  const found = await outOfFold(problem, { repeats: REPEATS });
  return found === undefined ? undefined : labelFindings(found, problem);
}

/** @param labels [images] */
export function labelFindings(
  { probabilities, folds, fits }: OutOfFold,
  { labels, classes }: { readonly labels: readonly number[]; readonly classes: number },
): LabelFindings {
  const rowOf = (image: number) => probabilities.subarray(image * classes, (image + 1) * classes);
  const judged = labels.flatMap((_, image) => (rowOf(image).some((p) => p > 0) ? [image] : []));
  const scores = new Float32Array(judged.length * classes);
  judged.forEach((image, row) => {
    scores.set(rowOf(image), row * classes);
  });
  const scored = { scores, classes, labels: judged.map((image) => labels[image] as number) };
  const noise = labelNoise(scored);
  const wrongness = labels.map(() => 0);
  judged.forEach((image, row) => {
    wrongness[image] = noise.wrong[row] ?? 0;
  });
  const right = judged.filter((image, row) => predictedClass(scored, row) === labels[image]);
  return {
    likely: labels.map((label, image) => bestOther(rowOf(image), label)),
    wrongness,
    isSuspect: wrongness.map((probability) => probability > 0.5),
    wrong: wrongness.reduce((sum, probability) => sum + probability, 0),
    agreement: right.length / Math.max(1, judged.length),
    pairs: inseparablePairs(scored),
    folds,
    fits,
  };
}

function bestOther(row: Float32Array, own: number): LabelFindings['likely'][number] {
  let label = own === 0 ? 1 : 0;
  row.forEach((probability, c) => {
    if (c !== own && probability > (row[label] as number)) label = c;
  });
  return { label, probability: row[label] ?? 0 };
}
