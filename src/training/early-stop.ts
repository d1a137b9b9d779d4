import type { RunConfig } from '../config/schema.ts';

export type MetricName = NonNullable<RunConfig['earlyStop']>['metric'];

export interface EarlyStopVerdict {
  /** Index of the best epoch so far; -1 before the first. */
  readonly best: number;
  readonly stop: boolean;
}

/**
 * Judges the validation figures of the epochs so far. The best epoch is the plainly best value
 * (the earliest of equals); `minDelta` only decides what counts as progress for stopping.
 *
 * @param rule null: never stop, and the loss says which epoch is the best
 */
export function judgeEpochs(
  history: readonly Readonly<Record<string, number>>[],
  rule: RunConfig['earlyStop'],
): EarlyStopVerdict {
  const metric = watchedMetric(rule);
  const sign = metric === 'loss' ? -1 : 1;
  const scores = history.map((figures) => sign * (figures[metric] ?? Number.NaN));
  let best = -1;
  let progress = Number.NEGATIVE_INFINITY;
  let idle = 0;
  scores.forEach((score, epoch) => {
    const bestScore = best < 0 ? Number.NEGATIVE_INFINITY : (scores[best] ?? 0);
    if (best < 0 || score > bestScore) best = epoch;
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
