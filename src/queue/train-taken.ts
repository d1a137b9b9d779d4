import { existsSync } from 'node:fs';
import { VggtuneError } from '../base/errors.ts';
import type { RunEvent } from '../base/events.ts';
import { takeLock } from '../base/lock.ts';
import type { Storage } from '../base/storage.ts';
import { failure, type Job, type JobOutcome } from '../batch/batch-job.ts';
import type { createWorker } from '../batch/pool.ts';
import { runState } from '../batch/state.ts';
import { describeIssue } from '../config/issues.ts';
import { Settings } from '../config/settings.ts';
import { lockOf } from '../run/store.ts';
import type { QueuedRun } from './broker.ts';

/** How a run ended that a worker had taken. */
export type TakenOutcome =
  | (Extract<JobOutcome, { kind: 'trained' }> & {
      /** Found finished: nothing was trained. */
      readonly kept: boolean;
    })
  | Exclude<JobOutcome, { kind: 'trained' }>
  /** Another process is still in its folder. */
  | { readonly kind: 'busy'; readonly message: string };

export interface TrainTaken {
  readonly storage: Storage;
  readonly process: Pick<ReturnType<typeof createWorker>, 'run'>;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** Milliseconds to wait for a process that is still in the run folder. */
  readonly patience?: number;
}

/** The process of a worker that was killed ends after its step, and writes a checkpoint before. */
const PATIENCE_MS = 30_000;

/**
 * Trains a run from where its folder says that it is: from the beginning, from its last checkpoint, or not at all
 * where it is finished. It never throws.
 */
export async function trainTaken(run: QueuedRun, how: TrainTaken): Promise<TakenOutcome> {
  try {
    const busy = await untilFree(run.folder, how);
    if (busy !== undefined) return { kind: 'busy', message: busy };
    const settings = Settings.of({ origin: `the settings of ${run.name}`, values: run.values });
    const state = await runState({ file: run.name, folder: run.folder, settings }, run.overwrite);
    switch (state.kind) {
      case 'refused':
        return { kind: 'failed', error: { kind: 'usage', message: describeIssue(state.issue) } };
      case 'finished': {
        const metrics = state.metrics?.metrics ?? {};
        return { kind: 'trained', strategy: state.strategy, metrics, kept: true };
      }
      default: {
        const [resume, overwrite] = [state.kind === 'begun', state.kind === 'replace'];
        const { storage, process, emit } = how;
        const job: Job = { settings, storage, resume, overwrite, offline: run.offline };
        const outcome = await process.run(job, emit);
        return trainedHere(outcome);
      }
    }
  } catch (error) {
    return trainedHere(failure(error));
  }
}

const trainedHere = (outcome: JobOutcome): TakenOutcome =>
  outcome.kind === 'trained' ? { ...outcome, kept: false } : outcome;

/** Waits until no process is in a run folder any more; returns the message of who is after all. */
async function untilFree(
  folder: string,
  { signal, emit, patience = PATIENCE_MS }: TrainTaken,
): Promise<string | undefined> {
  const path = lockOf({ folder });
  if (!existsSync(path)) return undefined;
  try {
    const unlock = await takeLock(path, {
      busy: `another process is at work in ${folder}`,
      patience,
      signal,
      onWait: (owner) => emit({ type: 'stage', stage: 'lock', message: `waiting for ${owner}` }),
    });
    await unlock();
    return undefined;
  } catch (error) {
    if (!(error instanceof VggtuneError) || error.kind !== 'usage') throw error;
    return error.message;
  }
}
