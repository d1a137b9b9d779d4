import { performance } from 'node:perf_hooks';
import { messageOf, unavailableError } from '../base/errors.ts';
import type { RunEvent } from '../base/events.ts';
import type { Storage } from '../base/storage.ts';
import { createWorker } from '../batch/pool.ts';
import type { Counter, QueuedRun, TakenJob, WorkerName } from './broker.ts';
import { hold } from './hold.ts';
import { notHere, otherVersion } from './refusal.ts';
import { failureText, mayPass } from './retry-rules.ts';
import { type TakenOutcome, trainTaken } from './train-taken.ts';
import { pause, unlessAborted, within } from './wait.ts';

/** What a worker did with a run. */
export const WORKER_ENDS = ['trained', 'kept', 'failed', 'put-back', 'lost'] as const;

/** A run that a worker has taken, and what came of it here. */
export interface WorkerRun {
  readonly name: string;
  readonly folder: string;
  /** kept: found finished; put-back: left to others; lost: another worker has it. */
  readonly end: (typeof WORKER_ENDS)[number];
  readonly message?: string;
  readonly seconds: number;
}

export type WorkerEvent =
  | { readonly type: 'taken'; readonly run: QueuedRun }
  | { readonly type: 'run-event'; readonly event: RunEvent }
  | { readonly type: 'ended'; readonly run: WorkerRun }
  | { readonly type: 'note'; readonly message: string };

export interface ServeRequest {
  readonly counter: Counter;
  readonly worker: WorkerName;
  readonly version: string;
  readonly storage: Storage;
  /** Threads of the engine; undefined: one for each core. */
  readonly threads: number | undefined;
  /** Ends when no run is left that waits or is worked on. */
  readonly untilEmpty: boolean;
  readonly signal: AbortSignal;
  readonly emit: (event: WorkerEvent) => void;
  /** Milliseconds between two looks into an empty queue. */
  readonly poll?: number;
  /** For tests: what trains instead of a process. */
  readonly startProcess?: () => ReturnType<typeof createWorker>;
}

const POLL_MS = 1000;
/** Milliseconds before the next look into a queue that could not be looked into. */
const TROUBLE_MS = 5000;
/** Milliseconds before a run is offered again that this worker has left to others. */
const REFUSED_MS = 10_000;
const BUSY_MS = 15_000;
/** Milliseconds to tell the broker what came of a run, when the worker is to stop. */
const LAST_WORD_MS = 5000;
/** The longest break of a worker on a machine that lacks what runs need. */
const LONGEST_BREAK_MS = 300_000;

/**
 * Takes runs and trains them, one at a time, until the signal: the run at work is then stopped at a checkpoint and put back.
 * @throws VggtuneError (unavailable) with `untilEmpty`, where all that is left is for workers of other versions
 */
export async function serve(request: ServeRequest): Promise<readonly WorkerRun[]> {
  const worker = new QueueWorker(request);
  try {
    await worker.work();
  } finally {
    worker.close();
  }
  return worker.ended;
}

class QueueWorker {
  readonly ended: WorkerRun[] = [];
  readonly #request: ServeRequest;
  readonly #refused = new Set<string>();
  #process: ReturnType<typeof createWorker>;
  /** Runs in a row for which something was missing on this machine. */
  #missing = 0;

  constructor(request: ServeRequest) {
    this.#request = request;
    this.#process = this.#start();
  }

  #start(): ReturnType<typeof createWorker> {
    const { startProcess, threads } = this.#request;
    return startProcess?.() ?? createWorker(threads);
  }

  async work(): Promise<void> {
    const { signal, untilEmpty, poll = POLL_MS } = this.#request;
    while (!signal.aborted) {
      const job = await this.#take();
      if (job !== undefined) {
        await this.#handle(job);
        continue;
      }
      if (untilEmpty && !signal.aborted && (await this.#isEmpty())) return;
      await pause(poll, signal);
    }
  }

  async #take(): Promise<TakenJob | undefined> {
    const { counter, signal } = this.#request;
    try {
      return await unlessAborted(counter.take(), signal, (late) => late?.putBack(0));
    } catch (error) {
      this.#note(`no run can be taken from the broker: ${messageOf(error)}; trying again`);
      await pause(TROUBLE_MS, signal);
      return undefined;
    }
  }

  close(): void {
    this.#process.close();
  }

  async #isEmpty(): Promise<boolean> {
    const { counter, signal, version } = this.#request;
    const ids = (await unlessAborted(counter.unfinished(), signal)) ?? ['?'];
    if (ids.length === 0) return true;
    if (!ids.every((id) => this.#refused.has(id))) return false;
    throw unavailableError(`${ids.length} runs are left that this worker must not train`, {
      expected: `runs that were queued by vggtune ${version}`,
      found: 'those of another version',
      fix: 'install the same version on both machines',
    });
  }

  async #handle(job: TakenJob): Promise<void> {
    const { run } = job;
    if (run === undefined) return this.#refuse(job, 'data: this job is no run of vggtune');
    if (job.givenUp !== undefined) {
      return this.#refuse(job, `bug: it has ended every worker that had it (${job.givenUp})`);
    }
    const other = otherVersion(run, this.#request.version);
    if (other !== undefined) return this.#leave(job, other);
    const missing = await notHere(run, this.#request.worker.host);
    if (missing !== undefined) return this.#lack(job, run, missing);
    this.#missing = 0;
    await this.#train(job, run);
  }

  async #refuse(job: TakenJob, message: string): Promise<void> {
    this.#note(`${job.run?.name ?? job.id}: ${message}`);
    await this.#say(job.fail(message, false));
  }

  async #leave(job: TakenJob, message: string): Promise<void> {
    if (!this.#refused.has(job.id)) this.#note(message);
    this.#refused.add(job.id);
    await this.#say(job.tell({ worker: this.#request.worker, refused: message }));
    await this.#say(job.putBack(REFUSED_MS));
  }

  /** Others may have what is missing here, and are to get the next runs first. */
  async #lack(job: TakenJob, run: QueuedRun, message: string): Promise<void> {
    this.#end(run, { end: 'failed', message, seconds: 0 });
    await this.#say(job.fail(failureText({ kind: 'unavailable', message }), true));
    const wait = Math.min(REFUSED_MS * 2 ** this.#missing++, LONGEST_BREAK_MS);
    await pause(wait, this.#request.signal);
  }

  async #train(job: TakenJob, run: QueuedRun): Promise<void> {
    const { storage, signal, worker, emit } = this.#request;
    const began = performance.now();
    emit({ type: 'taken', run });
    const held = hold(job, worker);
    const stop = AbortSignal.any([signal, held.lost]);
    const process = this.#process;
    const onStop = () => process.stop();
    stop.addEventListener('abort', onStop, { once: true });
    const warnings: string[] = [];
    const listen = (event: RunEvent) => {
      held.listen(event);
      if (event.type === 'warning') warnings.push(event.message);
      emit({ type: 'run-event', event });
    };
    const outcome = await trainTaken(run, { storage, process, signal: stop, emit: listen });
    stop.removeEventListener('abort', onStop);
    const seconds = (performance.now() - began) / 1000;
    if (!held.lost.aborted) await this.#report(job, outcome, { seconds, warnings });
    if (held.lost.aborted || outcome.kind === 'interrupted') this.#replaceProcess();
    held.release();
    this.#end(run, { ...endOf(outcome, held.lost.aborted), seconds });
  }

  /** A process that was told to stop takes no more runs. */
  #replaceProcess(): void {
    this.#process.close();
    this.#process = this.#start();
  }

  async #report(
    job: TakenJob,
    outcome: TakenOutcome,
    of: { readonly seconds: number; readonly warnings: readonly string[] },
  ): Promise<void> {
    switch (outcome.kind) {
      case 'trained': {
        const { strategy, metrics } = outcome;
        return this.#say(job.finish({ ...of, worker: this.#request.worker, strategy, metrics }));
      }
      case 'failed':
        return this.#say(job.fail(failureText(outcome.error), mayPass(outcome.error)));
      case 'interrupted':
        return this.#say(job.putBack(this.#request.signal.aborted ? 0 : REFUSED_MS));
      case 'busy':
        return this.#say(job.putBack(BUSY_MS));
    }
  }

  /**
   * Tells the broker. Where that fails the lock expires, and the next worker finds in the run folder what there is.
   * A worker that is to stop does not wait for a broker that is away.
   */
  async #say(call: Promise<void>): Promise<void> {
    const { signal } = this.#request;
    const told = call.catch((error: unknown) => {
      this.#note(`the broker takes no result: ${messageOf(error)}; another worker will look at it`);
    });
    await unlessAborted(told, signal);
    if (signal.aborted) await within(LAST_WORD_MS, told);
  }

  #note(message: string): void {
    this.#request.emit({ type: 'note', message });
  }

  #end(run: QueuedRun, how: Omit<WorkerRun, 'name' | 'folder'>): void {
    const ended = { name: run.name, folder: run.folder, ...how };
    this.ended.push(ended);
    this.#request.emit({ type: 'ended', run: ended });
  }
}

function endOf(outcome: TakenOutcome, lost: boolean): Pick<WorkerRun, 'end' | 'message'> {
  if (lost) return { end: 'lost', message: 'the broker has given it to another worker' };
  switch (outcome.kind) {
    case 'trained':
      return { end: outcome.kept ? 'kept' : 'trained' };
    case 'failed':
      return { end: 'failed', message: outcome.error.message };
    case 'interrupted':
      return { end: 'put-back' };
    case 'busy':
      return { end: 'put-back', message: outcome.message };
  }
}
