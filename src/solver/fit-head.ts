import { crossValidate } from './cross-validate.ts';
import { stratifiedFolds } from './folds.ts';
import type { HeadProblem } from './head-problem.ts';
import { openLevels, sum } from './level-regression.ts';
import { fitRegression, type RegressionProblem } from './softmax-regression.ts';
import { type FeatureStatistics, featureStatistics, standardised } from './standardise.ts';

export interface FittedHead {
  readonly statistics: FeatureStatistics;
  /** [classes, sum of the levels], for standardised features; 0 at levels that are not read. */
  readonly kernel: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
  /** Relative, as in the problem. */
  readonly penalty: number;
  /** The same as the factor of half the squared norm of the kernel. */
  readonly absolutePenalty: number;
  /** How many levels are read, from the last on. */
  readonly levelsRead: number;
  /** 0 where too few images left nothing to hold out. */
  readonly folds: number;
  /** [images, classes]: the log-probabilities of each image by the fits without it; absent without folds. */
  readonly heldOut?: Float32Array;
}

/**
 * Relative penalties, from the strongest to the weakest: two a decade. The mean squared norm of the
 * features is the scale of a linear classifier's curvature, so that a penalty means the same whatever the
 * network, its width and the number of images.
 */
const PENALTIES: readonly number[] = Array.from({ length: 9 }, (_, i) => 10 ** (-1 - i / 2));

/** The penalty where nothing can be held out to choose it by. */
const USUAL_PENALTY = 1e-3;

/** Fits the output layer of a network to features, to its optimum, with what cross-validation chooses. */
export async function fitHead(problem: HeadProblem): Promise<FittedHead> {
  const { features, levels, labels, images } = problem;
  const statistics = featureStatistics(features, { count: images, levels });
  const rows = standardised(features, labels.length, statistics);
  let best: Candidate | undefined;
  for (let levelsRead = 1; levelsRead <= levels.length; levelsRead++) {
    const candidate = await fitLevels(telling(problem, levelsRead - 1), { rows, levelsRead });
    if (best === undefined || candidate.loss < best.loss) best = candidate;
  }
  if (best === undefined) throw new Error('a head reads at least one level');
  const { loss: _, ...fitted } = best;
  return { ...fitted, statistics };
}

/** A problem whose fits of one number of levels are counted among those of all. */
function telling(problem: HeadProblem, levelsDone: number): HeadProblem {
  const { onFit, levels } = problem;
  if (onFit === undefined) return problem;
  return {
    ...problem,
    onFit: (done, most) => onFit(levelsDone * most + done, levels.length * most),
  };
}

interface Candidate extends Omit<FittedHead, 'statistics'> {
  readonly loss: number;
}

/** The fit that reads the last so many levels. */
async function fitLevels(
  problem: HeadProblem,
  { rows, levelsRead }: { readonly rows: Float32Array; readonly levelsRead: number },
): Promise<Candidate> {
  const { levels, classes } = problem;
  const width = sum(levels);
  const opened = await openLevels(problem, { rows, levelsRead });
  const { regression, space, inputs } = opened;
  const { rank } = space;
  try {
    const chosen = await choosePenalty(problem, { regression, inputs });
    const { parameters } = await fitRegression(regression, { penalty: chosen.penalty * inputs });
    const read = space.kernel(parameters.subarray(0, classes * rank), classes);
    const kernel = new Float32Array(classes * width);
    for (let c = 0; c < classes; c++) {
      kernel.set(read.subarray(c * inputs, (c + 1) * inputs), (c + 1) * width - inputs);
    }
    const bias = Float32Array.from(parameters.subarray(classes * rank));
    const absolutePenalty = chosen.penalty * inputs;
    return { ...chosen, absolutePenalty, kernel, bias, levelsRead };
  } finally {
    await opened.release();
  }
}

/** The penalty that cross-validation chooses, and what its fits say of the images that they have not seen. */
export async function choosePenalty(
  problem: HeadProblem,
  of: { readonly regression: RegressionProblem; readonly inputs: number },
): Promise<Pick<Candidate, 'penalty' | 'loss' | 'folds' | 'heldOut'>> {
  const { regression, inputs } = of;
  const { labels, groups, images, seed } = problem;
  const folds = stratifiedFolds(labels, { groups, seed });
  const asked = problem.penalty === undefined ? PENALTIES : [problem.penalty];
  if (folds.count === 0) {
    return { penalty: problem.penalty ?? USUAL_PENALTY, loss: 0, folds: 0 };
  }
  const most = asked.length * folds.count;
  let done = 0;
  const found = await crossValidate({
    ...regression,
    folds,
    judged: images,
    penalties: asked.map((relative) => relative * inputs),
    onFit: () => problem.onFit?.(++done, most),
  });
  problem.onFit?.(most, most);
  return {
    penalty: found.penalty / inputs,
    loss: found.loss,
    folds: folds.count,
    heldOut: found.logProbabilities,
  };
}
