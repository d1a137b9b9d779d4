import { EXIT_CODES, interruptedError } from '../../base/errors.ts';
import { ownVersion } from '../../base/version.ts';
import { ConfigError, type ConfigIssue } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import { openCounter } from '../../queue/bullmq.ts';
import { serve, type WorkerEvent, type WorkerRun } from '../../queue/serve.ts';
import { thisWorker, workerText } from '../../queue/worker-name.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { readWholeNumber } from '../number-arguments.ts';
import { duration, plural } from '../number-formats.ts';
import { awayNotes, readQueue } from '../queue-address.ts';
import { printable } from '../width.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'worker'>>> {
  const { emit, signal, storage } = context;
  const { address, threads } = readFlags(args, context.environment);
  const worker = thisWorker();
  const counter = await openCounter(address, { worker, onAway: awayNotes(address, emit) });
  emit({ type: 'note', message: `${workerText(worker)} takes runs from ${address.shown}` });
  try {
    const runs = await serve({
      counter,
      worker,
      storage,
      signal,
      version: ownVersion(),
      threads,
      untilEmpty: args.flag('until-empty'),
      emit: (event) => tell(event, emit),
    });
    if (signal.aborted) throw stopped(runs);
    return {
      document: { queue: address.shown, worker, runs: [...runs] },
      text: [...runs.map(runLine), summary(runs)].join('\n'),
      exitCode: EXIT_CODES.ok,
    };
  } finally {
    await counter.close();
  }
}

/** @throws ConfigError with all that is wrong with them */
function readFlags(args: Arguments, environment: NodeJS.ProcessEnv) {
  const queue = readQueue(args, environment);
  const threads = readWholeNumber(args, 'threads', undefined);
  if ('address' in queue && queue.address !== undefined && 'value' in threads) {
    return { address: queue.address, threads: threads.value };
  }
  const issues = [queue, threads].flatMap((read) => ('issue' in read ? [read.issue] : []));
  throw new ConfigError(args.has('queue') ? issues : [NO_QUEUE, ...issues]);
}

const NO_QUEUE: ConfigIssue = {
  path: '',
  where: '--queue',
  message: 'a worker needs a queue',
  expected: '--queue redis://HOST:PORT/DB',
};

function tell(event: WorkerEvent, emit: Context['emit']): void {
  if (event.type === 'run-event') emit(event.event);
  else if (event.type === 'note') emit(event);
  else {
    const message = event.type === 'taken' ? `${event.run.name}: started` : runLine(event.run);
    emit({ type: 'note', message });
  }
}

const ENDS: Readonly<Record<WorkerRun['end'], string>> = {
  trained: 'trained',
  kept: 'was finished already',
  failed: 'failed',
  'put-back': 'put back',
  lost: 'lost',
};

function runLine({ name, end, message, seconds }: WorkerRun): string {
  const parts = [ENDS[end], duration(seconds), ...(message === undefined ? [] : [message])];
  return printable(`${name}: ${parts.join(', ')}`);
}

function summary(runs: readonly WorkerRun[]): string {
  const parts = (Object.keys(ENDS) as WorkerRun['end'][]).flatMap((end) => {
    const { length } = runs.filter((run) => run.end === end);
    return length === 0 ? [] : [`${length} ${ENDS[end]}`];
  });
  return [`the queue is empty; ${plural(runs.length, 'run')} taken`, ...parts].join(', ');
}

function stopped(runs: readonly WorkerRun[]): Error {
  const isBack = runs.at(-1)?.end === 'put-back';
  return interruptedError('the worker was stopped', {
    found: `${plural(runs.length, 'run')} taken${isBack ? '; the last one is back in the queue, and goes on from its checkpoint' : ''}`,
    fix: 'start a worker again at any time',
  });
}
