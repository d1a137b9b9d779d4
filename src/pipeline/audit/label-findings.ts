import { type ClassPair, inseparablePairs } from '../../audit/class-pairs.ts';
import { confidentLabels, wrongLabels } from '../../audit/confident-learning.ts';
import { predictedClass } from '../../metrics/scores.ts';
import { type OutOfFold, outOfFold } from '../../solver/out-of-fold.ts';
import type { ImageFeatures } from './image-features.ts';

/** What the labels of images look like to fits that have not seen them. */
export interface LabelFindings {
  /** How probable the given label is; undefined for the only image of a class. */
  readonly quality: readonly (number | undefined)[];
  /** The most probable other class, and its probability. */
  readonly likely: readonly { readonly label: number; readonly probability: number }[];
  readonly isSuspect: readonly boolean[];
  /** How many labels are probably wrong, by the confident joint. */
  readonly wrong: number;
  /** The share of the images whose label is the most probable class. */
  readonly agreement: number;
  readonly pairs: readonly ClassPair[];
  readonly folds: number;
  readonly fits: number;
}

/** Cross-validations with folds of their own. */
const REPEATS = 3;

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
  const confident = confidentLabels(scored);
  const suspects = new Set(judged.filter((_, row) => confident.isSuspect[row] === true));
  const right = judged.filter((image, row) => predictedClass(scored, row) === labels[image]);
  const isJudged = new Set(judged);
  return {
    quality: labels.map((label, image) =>
      isJudged.has(image) ? (rowOf(image)[label] as number) : undefined,
    ),
    likely: labels.map((label, image) => bestOther(rowOf(image), label)),
    isSuspect: labels.map((_, image) => suspects.has(image)),
    wrong: wrongLabels(confident, classes),
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
