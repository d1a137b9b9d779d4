import { dirname } from 'node:path';
import type { BatchRun } from '../batch/plan-batch.ts';
import { type BatchResults, batchResults, type RunResult } from '../batch/results.ts';
import { initialResult, type RunBatchRequest, resultOf } from '../batch/runner.ts';
import { runState } from '../batch/state.ts';
import { writeResults } from '../batch/write-results.ts';
import type { Broker, QueuedJob, QueuedRun } from './broker.ts';
import { jobIdOf, queuedRun } from './queued-run.ts';
import { readFailure } from './retry-rules.ts';
import { markFor } from './shared-folder.ts';
import { pause, unlessAborted } from './wait.ts';
import { workerText } from './worker-name.ts';

export interface FollowRequest
  extends Omit<RunBatchRequest, 'jobs' | 'storage'>,
    Pick<QueuedRun, 'version' | 'overwrite'> {
  readonly broker: Broker;
  /** Milliseconds between two looks at what has not ended. */
  readonly poll?: number;
}

const POLL_MS = 1000;
/** Milliseconds more for each run: a large batch keeps no broker busy. */
const POLL_EACH_MS = 10;

/**
 * Queues all runs that are not finished, and follows them until all have ended, or until the signal: they then stay in the
 * queue. A run that another batch has queued is followed, and not queued again; one that the broker has
 * lost is queued again. The result files are rewritten as runs end.
 */
export async function followBatch(request: FollowRequest): Promise<BatchResults> {
  const { runs, signal, metric, emit, poll = POLL_MS } = request;
  const results = runs.map(initialResult);
  const write = () => writeResults(request.results, batchResults(results, metric));
  results.forEach((result, at) => {
    if (result.reused) emit({ type: 'run-end', at, result });
  });
  await write();
  const following = await enqueueAll(request);
  while (following.size > 0 && !signal.aborted) {
    let ended = 0;
    for (const followed of following) {
      const result = await look(followed, request);
      if (signal.aborted) break;
      if (result === undefined) continue;
      results[followed.at] = result;
      following.delete(followed);
      ended++;
      emit({ type: 'run-end', at: followed.at, result });
    }
    if (ended > 0) await write();
    if (following.size > 0) await pause(poll + POLL_EACH_MS * following.size, signal);
  }
  return batchResults(results, metric);
}

/** A run that has not ended, and what was last seen of it. */
interface Followed {
  readonly at: number;
  readonly run: BatchRun;
  readonly id: string;
  readonly queued: QueuedRun;
  /** The last event that was told of. */
  shown: string;
  /** Every warning that was told. */
  readonly warned: Set<string>;
  worker: string;
}

async function enqueueAll(request: FollowRequest): Promise<Set<Followed>> {
  const { runs, signal, version, overwrite, offline } = request;
  const marks = new Map<string, string>();
  const following = new Set<Followed>();
  for (const [at, run] of runs.entries()) {
    if (run.state.kind === 'finished') continue;
    if (signal.aborted) break;
    const folder = dirname(run.folder);
    const mark = marks.get(folder) ?? (await markFor(run.folder));
    marks.set(folder, mark);
    const queued = queuedRun(run, { version, overwrite, offline, mark });
    const id = jobIdOf(queued);
    await unlessAborted(enqueue(id, queued, request.broker), signal);
    following.add({ at, run, id, queued, shown: '', warned: new Set(), worker: '' });
  }
  return following;
}

/** Queues a run, unless it is there already: what has ended or is for another version makes room for it. */
async function enqueue(id: string, queued: QueuedRun, broker: Broker): Promise<void> {
  const found = await broker.find(id);
  if (found !== undefined) {
    const isOther = found.run?.version !== queued.version && found.state !== 'active';
    if (!isOther && found.state !== 'done' && found.state !== 'failed') return;
    await broker.remove(id);
  }
  await broker.add(id, queued);
}

/** Looks what has become of a run, and tells of it. @returns its result, once it has ended */
async function look(followed: Followed, request: FollowRequest): Promise<RunResult | undefined> {
  const { broker, signal } = request;
  const answer = await unlessAborted(
    broker.find(followed.id).then((job) => ({ job })),
    signal,
  );
  if (answer === undefined) return undefined;
  const { job } = answer;
  if (job === undefined) return queueAgain(followed, request);
  if (job.state === 'done' && job.done !== undefined) {
    const { strategy, metrics, seconds, warnings } = job.done;
    for (const message of warnings) warn(followed, request, message);
    const outcome = { kind: 'trained', strategy, metrics } as const;
    return { ...resultOf(followed.run, outcome), seconds };
  }
  if (job.state === 'failed') {
    return resultOf(followed.run, { kind: 'failed', error: readFailure(job.error ?? '') });
  }
  tell(followed, job, request);
  return undefined;
}

/** A broker without its data, or somebody, has removed the job: the run folder says what there is. */
async function queueAgain(
  followed: Followed,
  request: FollowRequest,
): Promise<RunResult | undefined> {
  const { run, id, queued } = followed;
  const state = await runState(run, request.overwrite);
  if (state.kind === 'finished') return initialResult({ ...run, state });
  warn(followed, request, 'the broker has lost it; it is queued again');
  await unlessAborted(request.broker.add(id, queued), request.signal);
  return undefined;
}

function tell(followed: Followed, job: QueuedJob, request: FollowRequest): void {
  const { at } = followed;
  const { progress, state } = job;
  const trouble = troubleOf(job);
  if (trouble !== undefined && !followed.warned.has(trouble)) warn(followed, request, trouble);
  if (state !== 'active' || progress === undefined) return;
  const worker = workerText(progress.worker);
  if (followed.worker === '') request.emit({ type: 'run-start', at });
  else if (followed.worker !== worker) warn(followed, request, `${worker} goes on with it`);
  followed.worker = worker;
  const shown = JSON.stringify(progress.event ?? null);
  if (progress.event === undefined || shown === followed.shown) return;
  followed.shown = shown;
  request.emit({ type: 'run-event', at, event: progress.event });
}

/** Why a run that has not ended does not get on. */
function troubleOf({ state, progress, error, attempts }: QueuedJob): string | undefined {
  if (progress?.refused !== undefined) {
    return `${workerText(progress.worker)} leaves it to others: ${progress.refused}`;
  }
  if (error === undefined || state === 'active') return undefined;
  return `attempt ${attempts} has failed, and it is tried again: ${readFailure(error).message}`;
}

function warn(followed: Followed, { emit }: FollowRequest, message: string): void {
  followed.warned.add(message);
  const event = { type: 'warning', code: 'queue', message } as const;
  emit({ type: 'run-event', at: followed.at, event });
}
