import type { RunConfig } from '../config/schema.ts';
import { mean } from '../metrics/mean.ts';

export type MetricName = NonNullable<RunConfig['earlyStop']>['metric'];

export interface EarlyStopVerdict {
  /** Index of the best epoch so far; -1 before the first, and where none beats the start. */
  readonly best: number;
  readonly stop: boolean;
}

type Figures = Readonly<Record<string, number>>;

/**
 * Judges the validation metrics of the epochs so far. The best epoch has simply the best value (the earliest
 * of equals); `minDelta` only decides what counts as progress for stopping.
 * @param rule null: never stop, and the loss says which epoch is the best
 * @param start where the state before the first step is a candidate too: its figures, and of each epoch whether
 * it is better by more than chance; the others cannot take its place
 */
export function judgeEpochs(
  history: readonly Figures[],
  rule: RunConfig['earlyStop'],
  start?: { readonly before: Figures; readonly clear: readonly boolean[] },
): EarlyStopVerdict {
  const metric = watchedMetric(rule);
  const sign = metric === 'loss' || metric === 'calibrated_loss' ? -1 : 1;
  const scoreOf = (figures: Figures) => sign * (figures[metric] ?? Number.NaN);
  let best = -1;
  let bestScore = start === undefined ? Number.NaN : scoreOf(start.before);
  let progress = Number.isNaN(bestScore) ? Number.NEGATIVE_INFINITY : bestScore;
  let idle = 0;
  history.map(scoreOf).forEach((score, epoch) => {
    const mayBeBest = start === undefined || start.clear[epoch] === true;
    if (mayBeBest && (Number.isNaN(bestScore) ? best < 0 : score > bestScore)) {
      best = epoch;
      bestScore = score;
    }
    if (score > progress + (rule?.minDelta ?? 0)) {
      progress = score;
      idle = 0;
    } else idle++;
  });
  return { best, stop: rule !== null && idle >= rule.patience };
}

/** The metric that says which epoch is the best. */
export function watchedMetric(rule: RunConfig['earlyStop']): MetricName {
  return rule?.metric ?? 'loss';
}

/**
 * The number of standard errors by which an epoch's loss must be below that of the start, on few images:
 * chance exceeds two in one of forty cases.
 */
const ERRORS = 2;
/**
 * The number of images from which a lower loss is enough: training then helps more often than a loss misleads
 * (docs/recipes.md).
 */
const MANY = 50;

/**
 * Whether losses are lower than before; on few images, lower by more than chance in a paired comparison.
 * Otherwise few images would select the luckiest of several epochs, and a good start would be lost.
 */
export function isClearlyLower(losses: readonly number[], before: readonly number[]): boolean {
  const gains = before.map((loss, i) => loss - (losses[i] ?? Number.NaN));
  const gain = mean(gains);
  const squares = gains.reduce((sum, each) => sum + (each - gain) ** 2, 0);
  const error = Math.sqrt(squares / Math.max(1, gains.length - 1) / gains.length);
  return gain > (gains.length < MANY ? ERRORS * error : 0);
}
