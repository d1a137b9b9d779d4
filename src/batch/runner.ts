import { performance } from 'node:perf_hooks';
import type { RunEvent } from '../base/events.ts';
import type { Storage } from '../base/storage.ts';
import { type GateMetric, missedGates } from '../config/gates.ts';
import type { StrategyName } from '../config/schema.ts';
import type { JobOutcome } from './batch-job.ts';
import type { BatchRun } from './plan-batch.ts';
import { openPool, type RunOne } from './pool.ts';
import { type BatchResults, batchResults, type RunResult } from './results.ts';
import { writeResults } from './write-results.ts';

/** Events of a batch. `at` is the position of the run in the batch. */
export type BatchEvent =
  | { readonly type: 'run-start'; readonly at: number }
  | { readonly type: 'run-event'; readonly at: number; readonly event: RunEvent }
  | { readonly type: 'run-end'; readonly at: number; readonly result: RunResult };

export interface RunBatchRequest {
  readonly runs: readonly BatchRun[];
  /** Runs at the same time. */
  readonly jobs: number;
  /** What the ranking goes by. */
  readonly metric: GateMetric;
  /** For results.json, results.csv and junit.xml. */
  readonly results: string;
  readonly storage: Storage;
  readonly offline: boolean;
  readonly signal: AbortSignal;
  readonly emit: (event: BatchEvent) => void;
}

/**
 * Trains all runs that are not finished, in the order of the batch. The result files are rewritten after each
 * run, so that they exist however the batch ends.
 */
export async function runBatch(request: RunBatchRequest): Promise<BatchResults> {
  const { runs, metric, emit, signal } = request;
  const results = runs.map(initialResult);
  results.forEach((result, at) => {
    if (result.reused) emit({ type: 'run-end', at, result });
  });
  const waiting = runs.flatMap(({ state }, at) => (state.kind === 'finished' ? [] : [at]));
  const write = () => writeResults(request.results, batchResults(results, metric));
  await write();
  const pool = openPool(Math.min(request.jobs, Math.max(1, waiting.length)), signal);
  let writing = Promise.resolve();
  const serve = async (runOne: RunOne) => {
    for (let at = waiting.shift(); at !== undefined && !signal.aborted; at = waiting.shift()) {
      const run = runs[at] as BatchRun;
      emit({ type: 'run-start', at });
      const result = await runTimed(run, { at, runOne, request });
      results[at] = result;
      emit({ type: 'run-end', at, result });
      writing = writing.then(write);
      await writing;
    }
  };
  try {
    await Promise.all(pool.places.map(serve));
  } finally {
    pool.close();
  }
  return batchResults(results, metric);
}

/** What earlier batches have left of the runs, wherever they ran: nothing is trained. */
export async function collectBatch(
  request: Pick<RunBatchRequest, 'runs' | 'metric' | 'results'>,
): Promise<BatchResults> {
  const collected = batchResults(request.runs.map(initialResult), request.metric);
  await writeResults(request.results, collected);
  return collected;
}

async function runTimed(
  run: BatchRun,
  of: { readonly at: number; readonly runOne: RunOne; readonly request: RunBatchRequest },
): Promise<RunResult> {
  const { at, runOne, request } = of;
  const began = performance.now();
  const { settings, state } = run;
  const [resume, overwrite] = [state.kind === 'begun', state.kind === 'replace'];
  const { storage, offline } = request;
  const job = { settings, storage, resume, overwrite, offline };
  const outcome = await runOne(job, (event) => request.emit({ type: 'run-event', at, event }));
  return { ...resultOf(run, outcome), seconds: (performance.now() - began) / 1000 };
}

/** What is known of a run before it is trained: all, where an earlier batch has finished it. */
export function initialResult(run: BatchRun): RunResult {
  const { state } = run;
  if (state.kind !== 'finished') return blank(run);
  const metrics = state.metrics?.metrics ?? {};
  return { ...measured(run, state.strategy, metrics), reused: true };
}

export function resultOf(run: BatchRun, outcome: JobOutcome): RunResult {
  switch (outcome.kind) {
    case 'trained':
      return measured(run, outcome.strategy, outcome.metrics);
    case 'interrupted':
      return { ...blank(run), status: 'interrupted' };
    case 'failed':
      return { ...blank(run), status: 'failed', error: outcome.error };
  }
}

function measured(
  run: BatchRun,
  strategy: StrategyName,
  metrics: Readonly<Record<string, number>>,
): RunResult {
  const missed = missedGates(run.gates, metrics);
  const status = missed.length > 0 ? 'gate-missed' : 'passed';
  return { ...blank(run), strategy, metrics, missed, status };
}

function blank({ name, file, folder, choices, strategy }: BatchRun): RunResult {
  const values = Object.fromEntries(choices.map(({ path, value }) => [path, value]));
  const unknown = { metrics: {}, missed: [], seconds: 0 };
  return { name, file, folder, values, strategy, status: 'waiting', reused: false, ...unknown };
}
