import { EXIT_CODES, type FailureKind } from '../base/errors.ts';
import type { GateMetric } from '../config/gates.ts';
import {
  type BatchResults,
  RESULTS_VERSION,
  RUN_STATUSES,
  type RunResult,
  type RunStatus,
} from '../outputs/batch.ts';

export { type BatchResults, RUN_STATUSES, type RunResult, type RunStatus };

export function batchResults(runs: readonly RunResult[], metric: GateMetric): BatchResults {
  const count = (status: RunStatus) => runs.filter((run) => run.status === status).length;
  return {
    version: RESULTS_VERSION,
    metric,
    counts: Object.fromEntries(
      RUN_STATUSES.map((status) => [status, count(status)]),
    ) as BatchResults['counts'],
    ranking: ranked(runs, metric).map(({ name }) => name),
    runs,
  };
}

/** Runs that have the metric, the best first; equals stay in the order of the batch. */
export function ranked(runs: readonly RunResult[], metric: GateMetric): readonly RunResult[] {
  const value = (run: RunResult) => run.metrics[metric] ?? Number.NaN;
  const sign = metric === 'loss' ? 1 : -1;
  return runs
    .filter((run) => !Number.isNaN(value(run)))
    .sort((a, b) => sign * (value(a) - value(b)));
}

/**
 * What a batch exits with: the code of the first run that failed; else 4 when a gate was missed;
 * else 0.
 */
export function batchExit(runs: readonly RunResult[]): number {
  const failed = runs.find(({ status }) => status === 'failed');
  if (failed !== undefined) {
    const kind = failed.error?.kind ?? 'bug';
    return Object.hasOwn(EXIT_CODES, kind) ? EXIT_CODES[kind as FailureKind] : EXIT_CODES.bug;
  }
  return runs.some(({ status }) => status === 'gate-missed') ? EXIT_CODES.gate : EXIT_CODES.ok;
}
