import type { RunEvent } from '../base/events.ts';
import type { RunProgress, TakenJob, WorkerName } from './broker.ts';
import { RENEW_MS } from './constants.ts';
import { isProgressEvent } from './job-record.ts';

/** A job that is worked on: its lock is renewed, and the broker is told how far it is. */
export interface Held {
  readonly listen: (event: RunEvent) => void;
  /** Aborted when another worker may have the job. */
  readonly lost: AbortSignal;
  release(): void;
}

const TELL_MS = 1000;

export function hold(
  job: TakenJob,
  worker: WorkerName,
  every: { readonly renew: number; readonly tell: number } = { renew: RENEW_MS, tell: TELL_MS },
): Held {
  const lost = new AbortController();
  let latest: RunProgress | undefined = { worker };
  const renew = setInterval(
    // A broker that is away answers when it is back; one that fails may answer the next time.
    oneAtATime(async () => {
      if (!(await job.renew())) lost.abort();
    }),
    every.renew,
  );
  const tellNow = oneAtATime(async () => {
    const news = latest;
    latest = undefined;
    if (news !== undefined) await job.tell(news);
  });
  const tell = setInterval(tellNow, every.tell);
  tellNow();
  return {
    listen: (event) => {
      if (isProgressEvent(event)) latest = { worker, event };
    },
    lost: lost.signal,
    release: () => {
      clearInterval(renew);
      clearInterval(tell);
    },
  };
}

function oneAtATime(work: () => Promise<void>): () => void {
  let busy = false;
  return () => {
    if (busy) return;
    busy = true;
    work()
      .catch(() => {})
      .finally(() => {
        busy = false;
      });
  };
}
