import { crossValidate } from './cross-validate.ts';
import { choosePenalty } from './fit-head.ts';
import { stratifiedFolds } from './folds.ts';
import type { HeadProblem } from './head-problem.ts';
import { kernelLeaveOneOut } from './kernel-leave-one-out.ts';
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

/** More images than these take long for a kernel, and need it less. */
const MOST_IN_KERNEL = 1500;

/**
 * The probabilities of each image by fits without it and without its copies: several cross-validations of the output
 * layer, each with its own folds, and a kernel regression; the logarithms are averaged. One cross-validation is noisy
 * where images are few: which images happen to be in the other folds decides much. The kernel counts as much as all
 * of them together, since it sees something else: how like an image is to single others.
 * @returns undefined where too few images leave nothing to hold out
 */
export async function outOfFold(
  problem: HeadProblem,
  { repeats }: { readonly repeats: number },
): Promise<OutOfFold | undefined> {
  const { features, levels, images, classes, labels } = problem;
  const statistics = featureStatistics(features, { count: images, levels });
  const rows = standardised(features, labels.length, statistics);
  const first = await bestLevels(problem, rows);
  if (first?.heldOut === undefined) return undefined;
  const sums = Float64Array.from(first.heldOut);
  for (const more of await otherFolds(problem, { rows, first, repeats })) {
    more.forEach((value, at) => {
      sums[at] = (sums[at] as number) + value;
    });
  }
  const means = sums.map((sum) => sum / repeats);
  const kernel = images <= MOST_IN_KERNEL ? kernelLeaveOneOut({ ...problem, rows }) : undefined;
  return {
    probabilities: probabilitiesOf(means, { kernel, classes }),
    folds: first.folds,
    fits: repeats + (kernel === undefined ? 0 : 1),
  };
}

type Chosen = Awaited<ReturnType<typeof choosePenalty>> & { readonly levelsRead: number };

/** The number of levels, and the penalty, with the least loss on images that fits had not seen. */
async function bestLevels(problem: HeadProblem, rows: Float32Array): Promise<Chosen | undefined> {
  let best: Chosen | undefined;
  for (let levelsRead = 1; levelsRead <= problem.levels.length; levelsRead++) {
    const { regression, inputs, release } = await openLevels(problem, { rows, levelsRead });
    try {
      const chosen = await choosePenalty(problem, { regression, inputs });
      if (best === undefined || chosen.loss < best.loss) best = { ...chosen, levelsRead };
    } finally {
      await release();
    }
  }
  return best;
}

/** The log-probabilities of further cross-validations, at the penalty of the first. */
async function otherFolds(
  problem: HeadProblem,
  of: { readonly rows: Float32Array; readonly first: Chosen; readonly repeats: number },
): Promise<readonly Float32Array[]> {
  const { rows, first, repeats } = of;
  const { labels, groups, images: judged, seed } = problem;
  const { regression, inputs, release } = await openLevels(problem, { ...first, rows });
  const found: Float32Array[] = [];
  try {
    const penalties = [first.penalty * inputs];
    for (let repeat = 1; repeat < repeats; repeat++) {
      const folds = stratifiedFolds(labels, { groups, seed: seed + repeat });
      const again = await crossValidate({ ...regression, folds, judged, penalties });
      found.push(again.logProbabilities);
    }
  } finally {
    await release();
  }
  return found;
}

/** Softmax of the mean log-probabilities; rows of zeros, of images that no fold left out, stay zeros. */
function probabilitiesOf(
  means: Float64Array,
  { kernel, classes }: { readonly kernel: Float64Array | undefined; readonly classes: number },
): Float32Array {
  const out = new Float32Array(means.length);
  for (let start = 0; start < means.length; start += classes) {
    const row = means.subarray(start, start + classes);
    if (row.every((value) => value === 0)) continue;
    const logs = row.map((value, c) => value + (kernel?.[start + c] ?? 0));
    const highest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const total = logs.reduce((sum, log) => sum + Math.exp(log - highest), 0);
    logs.forEach((log, c) => {
      out[start + c] = Math.exp(log - highest) / total;
    });
  }
  return out;
}
