import { EXIT_CODES, type FailureKind } from '../base/errors.ts';
import type { GateMetric, MissedGate } from '../config/gates.ts';
import type { StrategyName } from '../config/schema.ts';

/** The format version of results.json. */
export const RESULTS_VERSION = 1;
export const RUN_STATUSES = [
  'passed',
  'gate-missed',
  'failed',
  'interrupted',
  'stopped',
  'waiting',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** The outcome of one run of a batch. */
export interface RunResult {
  readonly name: string;
  /** The config file. */
  readonly file: string;
  /** The run folder, absolute. */
  readonly folder: string;
  /** The values of the matrix that set the run apart, by dotted key. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly status: RunStatus;
  /** Finished by an earlier batch, and not run again. */
  readonly reused: boolean;
  readonly strategy: StrategyName | 'auto';
  /** The figures of metrics.json; empty when nothing was measured. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly missed: readonly MissedGate[];
  readonly error?: { readonly kind: string; readonly message: string };
  /** Seconds of this batch's own work on it. */
  readonly seconds: number;
}

/** results.json of a batch. */
export interface BatchResults {
  readonly version: typeof RESULTS_VERSION;
  /** The metric that ranks the runs. */
  readonly metric: GateMetric;
  readonly counts: Readonly<Record<RunStatus, number>>;
  /** Names of the runs that were measured, the best first. */
  readonly ranking: readonly string[];
  /** In the order of the batch. */
  readonly runs: readonly RunResult[];
}

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
