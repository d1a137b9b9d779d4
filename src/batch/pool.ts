import { type ChildProcess, fork } from 'node:child_process';
import type { Emit } from '../base/events.ts';
import { thisMachine } from '../base/machine.ts';
import { type Job, type JobOutcome, runJob, type SentJob, toSend } from './batch-job.ts';
import type { FromWorker, ToWorker } from './worker.ts';

export type RunOne = (job: Job, emit: Emit) => Promise<JobOutcome>;

/** Trains jobs: one after the other in this process, or side by side in processes of their own. */
export interface Pool {
  readonly size: number;
  /** One for each job that may run at the same time. */
  readonly places: readonly RunOne[];
  close(): void;
}

export function openPool(jobs: number, signal: AbortSignal): Pool {
  if (jobs <= 1) {
    const here: RunOne = (job, emit) => runJob(job, { signal, emit });
    return { size: 1, places: [here], close: () => {} };
  }
  const threads = Math.max(1, Math.floor(thisMachine().processors / jobs));
  const workers = Array.from({ length: jobs }, () => createWorker(threads));
  const stop = () => {
    for (const worker of workers) worker.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  return {
    size: jobs,
    places: workers.map(({ run }) => run),
    close: () => {
      signal.removeEventListener('abort', stop);
      for (const worker of workers) worker.close();
    },
  };
}

/**
 * A process that is started at its first job, and again after it has died.
 * @param threads of the engine; undefined: one for each core
 */
export function createWorker(threads: number | undefined) {
  let child: ChildProcess | undefined;
  let stopped = false;

  function start(): ChildProcess {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    // What it prints belongs to nobody: results come as messages, and stdout is the batch's own.
    const made = fork(new URL(file, import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    made.once('exit', () => {
      child = undefined;
    });
    return made;
  }

  async function run(job: Job, emit: Emit): Promise<JobOutcome> {
    if (stopped) return { kind: 'interrupted' };
    const worker = child ?? start();
    child = worker;
    return outcomeOf(worker, { ...toSend(job), ...(threads !== undefined && { threads }) }, emit);
  }

  return {
    run,
    stop: () => {
      stopped = true;
      child?.send({ type: 'stop' } satisfies ToWorker, () => {});
    },
    close: () => {
      if (child?.connected) child.disconnect();
    },
  };
}

/** The last lines of what a process said before it died. */
const LAST_WORDS = 2000;

function outcomeOf(worker: ChildProcess, job: SentJob, emit: Emit): Promise<JobOutcome> {
  return new Promise((resolve) => {
    let words = '';
    const listen = (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-LAST_WORDS);
    };
    const onMessage = (message: FromWorker) => {
      if (message.type === 'event') emit(message.event);
      else finish(message.outcome);
    };
    const onExit = (code: number | null, signal: string | null) => {
      const reason = signal === null ? `with code ${code}` : `by ${signal}`;
      const message = `the process of this run ended ${reason}${words === '' ? '' : `: ${words}`}`;
      finish({ kind: 'failed', error: { kind: 'bug', message } });
    };
    const finish = (outcome: JobOutcome) => {
      worker.off('message', onMessage).off('exit', onExit);
      worker.stderr?.off('data', listen);
      resolve(outcome);
    };
    worker.on('message', onMessage).on('exit', onExit);
    worker.stderr?.on('data', listen);
    worker.send({ type: 'job', job } satisfies ToWorker, () => {});
  });
}
