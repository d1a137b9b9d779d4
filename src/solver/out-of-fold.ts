import { crossValidate } from './cross-validate.ts';
import { choosePenalty } from './fit-head.ts';
import { stratifiedFolds } from './folds.ts';
import type { HeadProblem } from './head-problem.ts';
import { openLevels } from './level-regression.ts';
import { featureStatistics, standardised } from './standardise.ts';

/** What fits that have not seen an image say of it. */
export interface OutOfFold {
  /** [images, classes]: probabilities; of an image that was never held out (the only one of its class) zeros. */
  readonly probabilities: Float32Array;
  readonly folds: number;
  /** How many fits have judged each image. */
  readonly fits: number;
}

/**
 * The probabilities of each image by output layers that were fitted without it and without its copies: several
 * cross-validations, each with its own folds, over the last level of the features, the last two, and so on; the
 * logarithms are averaged. One cross-validation is noisy where images are few: which images happen to be in the other
 * folds decides much. Their average is less so, and where it is sure, the fits agree.
 * @returns undefined where too few images leave nothing to hold out
 */
export async function outOfFold(
  problem: HeadProblem,
  { repeats }: { readonly repeats: number },
): Promise<OutOfFold | undefined> {
  const { features, levels, images, classes, labels, groups, seed } = problem;
  const statistics = featureStatistics(features, { count: images, levels });
  const rows = standardised(features, labels.length, statistics);
  const sums = new Float64Array(images * classes);
  const times = new Int32Array(images);
  let most = 0;
  for (let levelsRead = 1; levelsRead <= levels.length; levelsRead++) {
    const { regression, inputs, release } = await openLevels(problem, { rows, levelsRead });
    try {
      const first = await choosePenalty(problem, { regression, inputs });
      if (first.heldOut === undefined) return undefined;
      most = Math.max(most, first.folds);
      addHeldOut(sums, times, first.heldOut);
      const penalties = [first.penalty * inputs];
      for (let repeat = 1; repeat < repeats; repeat++) {
        const folds = stratifiedFolds(labels, { groups, seed: seed + repeat });
        const again = await crossValidate({ ...regression, folds, judged: images, penalties });
        addHeldOut(sums, times, again.logProbabilities);
      }
    } finally {
      await release();
    }
  }
  return {
    probabilities: averaged(sums, times, classes),
    folds: most,
    fits: Math.max(0, ...times),
  };
}

/** Adds the log-probabilities of the images that were held out: rows of zeros are of others. */
function addHeldOut(sums: Float64Array, times: Int32Array, logs: Float32Array): void {
  const classes = logs.length / times.length;
  for (let image = 0; image < times.length; image++) {
    const row = logs.subarray(image * classes, (image + 1) * classes);
    if (row.every((value) => value === 0)) continue;
    times[image] = (times[image] as number) + 1;
    row.forEach((value, c) => {
      sums[image * classes + c] = (sums[image * classes + c] as number) + value;
    });
  }
}

/** Softmax of the mean log-probabilities of each image. */
function averaged(sums: Float64Array, times: Int32Array, classes: number): Float32Array {
  const out = new Float32Array(sums.length);
  times.forEach((count, image) => {
    if (count === 0) return;
    const start = image * classes;
    const logs = sums.subarray(start, start + classes).map((value) => value / count);
    const highest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const total = logs.reduce((sum, log) => sum + Math.exp(log - highest), 0);
    logs.forEach((log, c) => {
      out[start + c] = Math.exp(log - highest) / total;
    });
  });
  return out;
}
