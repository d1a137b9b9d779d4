import { interruptedError } from '../base/errors.ts';
import { ownVersion } from '../base/version.ts';
import type { BatchRun } from '../batch/plan-batch.ts';
import type { BatchResults } from '../batch/results.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { QueueAddress } from '../queue/address.ts';
import { openBroker } from '../queue/bullmq.ts';
import { type FollowRequest, followBatch } from '../queue/follow.ts';
import { sameCommand } from './batch-list.ts';
import type { Arguments, Context } from './command.ts';
import { createBatchView } from './listeners/batch.ts';
import { awayNotes } from './queue-address.ts';

/** Flags of `batch` that mean nothing together with `--queue`, and what is to be done instead. */
const NOT_WITH_QUEUE: Readonly<Record<string, string>> = {
  jobs: 'start as many workers as runs are to be trained at the same time',
  search: 'a search runs on one machine: leave one of the two out',
  list: 'workers need no list of commands: leave one of the two out',
  collect: 'leave --queue out: what workers have trained lies in the run folders',
};

export function refuseWithQueue(args: Arguments): { readonly issue: ConfigIssue }[] {
  if (!args.has('queue')) return [];
  return Object.entries(NOT_WITH_QUEUE)
    .filter(([name]) => args.has(name))
    .map(([name, fix]) => {
      const message = `--${name} cannot be given together with --queue`;
      return { issue: { path: '', where: `--${name}`, message, fix } };
    });
}

interface ByQueue extends Pick<FollowRequest, 'metric' | 'results' | 'offline' | 'overwrite'> {
  readonly address: QueueAddress;
  readonly context: Context;
}

/** Has the runs trained by the workers of a queue, and shows how far they are. */
export async function trainByQueue(
  runs: readonly BatchRun[],
  { address, context, metric, results, offline, overwrite }: ByQueue,
): Promise<BatchResults> {
  const { terminal, emit, signal } = context;
  const broker = await openBroker(address, awayNotes(address, emit));
  if ((await broker.workers()).length === 0) {
    const message = `no worker is connected to ${address.shown}: start some with vggtune worker --queue URL`;
    emit({ type: 'note', message });
  }
  const view = createBatchView(
    terminal,
    runs.map(({ name }) => name),
  );
  try {
    const how = { metric, results, offline, overwrite, signal, version: ownVersion() };
    return await followBatch({ ...how, runs, broker, emit: view.listen });
  } finally {
    view.close();
    await broker.close();
  }
}

/** The error of a batch that follows its runs no longer. */
export function queueStopped({ counts, runs }: BatchResults, args: Arguments): Error {
  const ended = runs.length - counts.waiting;
  return interruptedError('the batch was interrupted', {
    found: `${ended} of ${runs.length} runs have ended; the others stay in the queue, and workers go on with them`,
    fix: `the same command follows them again: ${sameCommand(args)}`,
  });
}
