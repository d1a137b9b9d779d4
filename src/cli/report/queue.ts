import type { Output } from '../../outputs/index.ts';
import type { QueuedJob, WorkerName } from '../../queue/broker.ts';
import { workerText } from '../../queue/worker-name.ts';
import { detailOf } from '../listeners/batch.ts';
import { percent, plural } from '../number-formats.ts';
import { type Column, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

export type QueueRow = Extract<Output<'runs'>, { queue: unknown }>['runs'][number];

/** A run of a queue, as it is shown. */
export function queueRow({ id, state, run, attempts, progress, done, error }: QueuedJob): QueueRow {
  const event = progress?.event;
  const refused = state === 'active' || state === 'done' ? undefined : progress?.refused;
  return {
    id,
    name: run?.name ?? null,
    folder: run?.folder ?? null,
    version: run?.version ?? null,
    state,
    worker: done?.worker ?? progress?.worker ?? null,
    doing: state === 'active' && event !== undefined ? (detailOf(event) ?? null) : null,
    attempts,
    metrics: state === 'done' ? (done?.metrics ?? null) : null,
    problem: state === 'done' ? null : (refused ?? error ?? null),
  };
}

const COLUMNS: readonly Column[] = [
  { header: 'run', shrinks: true },
  { header: 'state' },
  { header: 'accuracy', align: 'right' },
  { header: 'worker', optional: true },
  { header: '', shrinks: true },
];

/** A line for each run, then what went wrong, then the workers. */
export function queueLines(
  rows: readonly QueueRow[],
  workers: readonly WorkerName[],
  { width, paint }: Terminal,
): string[] {
  const cells = rows.map(({ id, name, state, metrics, worker, doing: detail }) => [
    printable(name ?? id),
    state,
    metrics?.accuracy === undefined ? '-' : percent(metrics.accuracy),
    worker === null ? '-' : printable(workerText(worker)),
    printable(detail ?? ''),
  ]);
  const [header = '', ...lines] = table(COLUMNS, cells, width);
  const problems = rows.flatMap(({ id, name, problem }) =>
    problem === null ? [] : [printable(`${name ?? id}: ${problem}`)],
  );
  const listed = rows.length === 0 ? ['The queue is empty.'] : [paint('dim', header), ...lines];
  return [...listed, ...(problems.length === 0 ? [] : ['', ...problems]), '', workersLine(workers)];
}

function workersLine(workers: readonly WorkerName[]): string {
  if (workers.length === 0) return 'No worker is connected: vggtune worker --queue URL starts one.';
  return `${plural(workers.length, 'worker')}: ${workers.map((one) => printable(workerText(one))).join(', ')}`;
}
