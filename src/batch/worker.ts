import type { RunEvent } from '../base/events.ts';
import { failure, type JobOutcome, received, runJob, type SentJob } from './batch-job.ts';

/** The entry of a process that trains one run after the other for a batch. */

/** What the batch sends. */
export type ToWorker = { readonly type: 'job'; readonly job: SentJob } | { readonly type: 'stop' };

/** What comes back. */
export type FromWorker =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'end'; readonly outcome: JobOutcome };

const controller = new AbortController();
const stop = () => controller.abort();

/** A batch that is gone takes no more messages. */
function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

process.on('message', (message: ToWorker) => {
  if (message.type === 'stop') return stop();
  const emit = (event: RunEvent) => send({ type: 'event', event });
  runJob(received(message.job), { signal: controller.signal, emit })
    .catch(failure)
    .then((outcome) => send({ type: 'end', outcome }));
});

// Ctrl-C reaches every process of the terminal; a batch that was killed closes the channel.
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
// A terminal that is closed tells the batch too, which then says what is to be done.
process.on('SIGHUP', () => {});
process.on('disconnect', stop);
