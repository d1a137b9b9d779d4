import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { command } from '../../src/cli/commands/batch.ts';
import { awayNotes } from '../../src/cli/queue-address.ts';
import { refuseWithQueue } from '../../src/cli/queue-batch.ts';
import { queueLines, queueRow } from '../../src/cli/report/queue.ts';
import { openTerminal } from '../../src/cli/terminal.ts';
import type { QueuedJob } from '../../src/queue/broker.ts';

const worker = { host: 'node7', pid: 12 };
const run = {
  ...{ version: '1', name: 'sweep/seed=1', folder: '/runs/a', values: {} },
  ...{ overwrite: false, offline: false, mark: 'm' },
};
const step = {
  ...({ type: 'step', phase: 'main', epoch: 2, step: 1, stepsPerEpoch: 5 } as const),
  ...{ loss: 0.5, accuracy: 0.75, learningRate: 0.1, images: 8 },
};
const JOBS: readonly QueuedJob[] = [
  { id: 'run-1', state: 'active', run, attempts: 0, progress: { worker, event: step } },
  { id: 'run-2', state: 'delayed', run, attempts: 1, error: 'bug: it broke' },
  { id: 'run-3', state: 'delayed', run, attempts: 0, progress: { worker, refused: 'too old' } },
  {
    ...({ id: 'run-4', state: 'done', run, attempts: 1, error: 'bug: before' } as const),
    done: { worker, strategy: 'head', metrics: { accuracy: 1 }, seconds: 1, warnings: [] },
  },
  { id: 'run-5', state: 'waiting', run: undefined, attempts: 0 },
];

describe('the runs of a queue', () => {
  const rows = JOBS.map(queueRow);

  it('say who works on what, and why some do not get on', () => {
    expect(rows.map(({ doing }) => doing)).toEqual([
      ...['epoch 2  loss 0.500  acc 75.0 %', null, null, null, null],
    ]);
    expect(rows.map(({ problem }) => problem)).toEqual([
      ...[null, 'bug: it broke', 'too old', null, null],
    ]);
    expect(rows[3]).toMatchObject({ metrics: { accuracy: 1 }, worker });
    expect(rows[4]).toMatchObject({ name: null, folder: null });
  });

  it('are a table, with the workers below', () => {
    const settings = { json: false, quiet: false, color: false, log: 'text' } as const;
    const terminal = { ...openTerminal({ ...settings, environment: {} }), width: 120 };
    const text = queueLines(rows, [worker], terminal).join('\n');
    expect(text).toMatch(/sweep\/seed=1 +active +- +node7 \(process 12\) +epoch 2/);
    expect(text).toContain('sweep/seed=1: bug: it broke');
    expect(text).toMatch(/1 worker: node7 \(process 12\)$/);
    expect(queueLines([], [], terminal)[0]).toBe('The queue is empty.');
  });
});

describe('a batch by a queue', () => {
  it.each(['--jobs 2', '--list', '--collect'])('takes no %s', (flag) => {
    const words = `a.yaml --queue redis://h ${flag}`.split(' ');
    expect(refuseWithQueue(parseArguments(command, words))).toHaveLength(1);
    expect(refuseWithQueue(parseArguments(command, words.toSpliced(1, 2)))).toEqual([]);
  });

  it('says once that the broker is away, and once that it is back', () => {
    const notes: string[] = [];
    const address = { host: 'h', port: 1, db: 0, tls: false, shown: 'redis://h' };
    const tell = awayNotes(address, (event) => notes.push('message' in event ? event.message : ''));
    for (const trouble of [undefined, 'refused', 'refused', undefined, undefined]) tell(trouble);
    expect(notes).toEqual([
      'the broker redis://h is away (refused); waiting for it',
      'the broker redis://h is back',
    ]);
  });
});
