import type { RunConfig } from '../config/schema.ts';

export type MetricName = NonNullable<RunConfig['earlyStop']>['metric'];

export interface EarlyStopVerdict {
  /** Index of the best epoch so far; -1 before the first, and where none beats the start. */
  readonly best: number;
  readonly stop: boolean;
}

type Figures = Readonly<Record<string, number>>;

/**
 * Judges the validation figures of the epochs so far. The best epoch is the plainly best value
 * (the earliest of equals); `minDelta` only decides what counts as progress for stopping.
 *
 * @param rule null: never stop, and the loss says which epoch is the best
 * @param before the figures before the first step, where that state is a candidate too
 */
export function judgeEpochs(
  history: readonly Figures[],
  rule: RunConfig['earlyStop'],
  before?: Figures,
): EarlyStopVerdict {
  const metric = watchedMetric(rule);
  const sign = metric === 'loss' ? -1 : 1;
  const scoreOf = (figures: Figures) => sign * (figures[metric] ?? Number.NaN);
  let best = -1;
  let bestScore = before === undefined ? Number.NaN : scoreOf(before);
  let progress = Number.isNaN(bestScore) ? Number.NEGATIVE_INFINITY : bestScore;
  let idle = 0;
  history.map(scoreOf).forEach((score, epoch) => {
    if (Number.isNaN(bestScore) ? best < 0 : score > bestScore) {
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
