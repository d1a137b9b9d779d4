import type { Folds } from './folds.ts';
import { fitRegression, type RegressionProblem, weightedLoss } from './softmax-regression.ts';

export interface CrossValidation {
  /** The penalty with the least loss on images that its fits had not seen. */
  readonly penalty: number;
  /** That loss: the weighted mean cross-entropy of the held-out samples. */
  readonly loss: number;
  /**
   * [judged, classes]: the log-probabilities of each sample by the fit without it; rows of samples that were
   * never held out are 0.
   */
  readonly logProbabilities: Float32Array;
}

export interface ValidationSetting extends RegressionProblem {
  readonly folds: Folds;
  /** Only the first so many samples are judged; the others are further views of them. */
  readonly judged: number;
  /** From the strongest to the weakest. */
  readonly penalties: readonly number[];
  /** Called after each fit. */
  readonly onFit?: () => void;
}

/** A penalty that does worse than the best so far by this share of it ends the search. */
const WORSE = 0.05;
/** The tolerance of fits that only compare penalties, as a share of the loss. */
const ROUGH = 1e-5;

/**
 * Chooses the penalty by cross-validation: each fold is scored by a fit on the others, at one penalty after
 * the other, each fit beginning at the one before. Weaker penalties than one that has long been worse than
 * the best are not tried: the loss has one valley, and they take the most iterations.
 */
export async function crossValidate(setting: ValidationSetting): Promise<CrossValidation> {
  const starts: (Float64Array | undefined)[] = [];
  let best: CrossValidation | undefined;
  for (const penalty of setting.penalties) {
    const tried = await tryPenalty(setting, { penalty, starts });
    if (best === undefined || tried.loss < best.loss) best = tried;
    else if (tried.loss > (1 + WORSE) * best.loss) break;
  }
  if (best === undefined) throw new Error('no penalty to choose from');
  return best;
}

async function tryPenalty(
  setting: ValidationSetting,
  { penalty, starts }: { readonly penalty: number; readonly starts: (Float64Array | undefined)[] },
): Promise<CrossValidation> {
  const { program, labels, classes, folds, judged, sampleWeights } = setting;
  const logProbabilities = new Float32Array(judged * classes);
  for (let fold = 0; fold < folds.count; fold++) {
    const weights = sampleWeights.map((weight, i) => (folds.of[i] === fold ? 0 : weight));
    const start = starts[fold];
    const fit = await fitRegression(
      { ...setting, sampleWeights: weights },
      { penalty, gain: ROUGH, ...(start !== undefined && { start }) },
    );
    starts[fold] = fit.parameters;
    setting.onFit?.();
    const scored = await program.evaluate(new Float32Array(fit.parameters), weights);
    folds.of.slice(0, judged).forEach((own, i) => {
      if (own !== fold) return;
      const row = scored.logProbabilities.subarray(i * classes, (i + 1) * classes);
      logProbabilities.set(row, i * classes);
    });
  }
  const held = sampleWeights.map((weight, i) => (i < judged && folds.of[i] !== -1 ? weight : 0));
  const total = held.reduce((sum, weight) => sum + weight, 0);
  const loss = weightedLoss(logProbabilities, { labels, classes, weights: held }) / total;
  return { penalty, loss, logProbabilities };
}
