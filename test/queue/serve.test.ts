import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Emit } from '../../src/base/events.ts';
import type { Job, JobOutcome } from '../../src/batch/batch-job.ts';
import type { Counter, QueuedRun, RunProgress, TakenJob } from '../../src/queue/broker.ts';
import { hold } from '../../src/queue/hold.ts';
import { type ServeRequest, serve, type WorkerEvent } from '../../src/queue/serve.ts';
import { markFor } from '../../src/queue/shared-folder.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';
import { testStorage } from '../storage.ts';

const WORKER = { host: 'node7', pid: 1 };
const TRAINED: JobOutcome = { kind: 'trained', strategy: 'head', metrics: { accuracy: 1 } };

let home = '';
let mark = '';
beforeAll(async () => {
  home = await temporaryFolder();
  await mkdir(join(home, 'photos'));
  mark = await markFor(join(home, 'runs', 'a'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

function queued(more: Partial<QueuedRun> = {}): QueuedRun {
  const folder = join(home, 'runs', 'a');
  const values = { data: join(home, 'photos'), strategy: 'head', weights: 'random', out: folder };
  const run = { version: '1', name: 'a', folder, values, overwrite: false, offline: false, mark };
  return { ...run, ...more };
}

/** A job that records what a worker says of it. */
function job(run: QueuedRun | undefined, more: Partial<TakenJob> = {}) {
  const said: string[] = [];
  const told: RunProgress[] = [];
  const taken: TakenJob = {
    id: 'run-1',
    run,
    renew: async () => true,
    tell: async (progress) => void told.push(progress),
    finish: async ({ metrics }) => void said.push(`finish ${JSON.stringify(metrics)}`),
    fail: async (error, again) => void said.push(`fail ${error}${again ? ' again' : ''}`),
    putBack: async (delay) => void said.push(`put back ${delay}`),
    ...more,
  };
  return { taken, said, told };
}

/** A queue of these jobs; what is put back does not come again. */
function counter(jobs: readonly TakenJob[], left: readonly string[] = []): Counter {
  const waiting = [...jobs];
  return {
    take: async () => waiting.shift(),
    unfinished: async () => left,
    close: async () => {},
  };
}

function request(
  queue: Counter,
  train: (job: Job, emit: Emit) => Promise<JobOutcome>,
  more: Partial<ServeRequest> = {},
) {
  const events: WorkerEvent[] = [];
  const stops: string[] = [];
  const served = serve({
    ...{ counter: queue, worker: WORKER, version: '1', storage: testStorage() },
    ...{ threads: 1, untilEmpty: true, poll: 1, signal: new AbortController().signal },
    emit: (event) => events.push(event),
    startProcess: () => ({ run: train, stop: () => stops.push('stop'), close: () => {} }),
    ...more,
  });
  return { served, events, stops };
}

const never = () => Promise.reject(new Error('nothing is to be trained'));

describe('a worker', () => {
  it('trains a run, and says what came of it', async () => {
    const { taken, said } = job(queued());
    const jobs: Job[] = [];
    const { served } = request(counter([taken]), async (given) => {
      jobs.push(given);
      return TRAINED;
    });
    expect(await served).toMatchObject([{ name: 'a', end: 'trained' }]);
    expect(said).toEqual(['finish {"accuracy":1}']);
    expect(jobs).toMatchObject([{ resume: false, overwrite: false, offline: false }]);
  });

  it.each([
    ['usage', 'fail usage: it broke'],
    ['data', 'fail data: it broke'],
    ['bug', 'fail bug: it broke again'],
    ['unavailable', 'fail unavailable: it broke again'],
  ])('a run that fails with %s', async (kind, expected) => {
    const { taken, said } = job(queued());
    const error = { kind, message: 'it broke' };
    await request(counter([taken]), async () => ({ kind: 'failed', error })).served;
    expect(said).toEqual([expected]);
  });

  it('never trains a run of another version, and says so to who asks', async () => {
    const { taken, said, told } = job(queued({ version: '2' }));
    const { served } = request(counter([taken], ['run-1']), never);
    await expect(served).rejects.toMatchObject({ exitCode: 5 });
    expect(said).toEqual(['put back 10000']);
    expect(told[0]?.refused).toMatch(/queued by vggtune 2, and this is 1/);
  });

  it('ends when the runs that are left are done by others', async () => {
    const lists = [['run-2'], ['run-2'], []];
    const queue = { ...counter([]), unfinished: async () => lists.shift() ?? [] };
    expect(await request(queue, never).served).toEqual([]);
    expect(lists).toEqual([]);
  });

  it('fails a run whose images are not here, to be tried again, and takes a break', async () => {
    const values = { ...queued().values, data: join(home, 'nowhere') };
    const { taken, said } = job(queued({ values }));
    const stop = new AbortController();
    const { served } = request(counter([taken]), never, { signal: stop.signal });
    await expect.poll(() => said.length).toBe(1);
    stop.abort();
    await served;
    expect(said[0]).toMatch(/^fail unavailable: there is no .*nowhere \(data\) on node7.* again$/);
  });

  it.each([
    ['no run of vggtune', undefined, {}, /^fail data: this job is no run of vggtune$/],
    ['has ended too many workers', 'run', { givenUp: 'stalled' }, /^fail bug: it has ended every/],
  ])('fails for good what %s', async (_, is, more, expected) => {
    const { taken, said } = job(is === undefined ? undefined : queued(), more);
    await request(counter([taken]), never).served;
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(expected);
  });

  it('stops its run at the signal, and puts it back', async () => {
    const { taken, said } = job(queued());
    const stop = new AbortController();
    let end = (_: JobOutcome) => {};
    const { served, stops } = request(
      counter([taken]),
      () =>
        new Promise((done) => {
          end = done;
          stop.abort();
        }),
      { signal: stop.signal },
    );
    await expect.poll(() => stops).toEqual(['stop']);
    end({ kind: 'interrupted' });
    expect(await served).toMatchObject([{ end: 'put-back' }]);
    expect(said).toEqual(['put back 0']);
  });

  it('ends at the signal though the broker is away', async () => {
    const stop = new AbortController();
    const queue = { ...counter([]), take: () => new Promise<undefined>(() => {}) };
    const { served } = request(queue, never, { signal: stop.signal });
    stop.abort();
    expect(await served).toEqual([]);
  });

  it('gives a run back that came when it was to stop', async () => {
    const { taken, said } = job(queued());
    const stop = new AbortController();
    let come = (_: TakenJob) => {};
    const take = () =>
      new Promise<TakenJob>((done) => {
        come = done;
      });
    const { served } = request({ ...counter([]), take }, never, { signal: stop.signal });
    stop.abort();
    await served;
    come(taken);
    await expect.poll(() => said).toEqual(['put back 0']);
  });

  it('goes on where the broker takes no result', async () => {
    const trouble = { finish: () => Promise.reject(new Error('Missing lock for job run-1')) };
    const [first, second] = [job(queued(), trouble), job(queued())];
    const { served, events } = request(counter([first.taken, second.taken]), async () => TRAINED);
    await served;
    expect(second.said).toHaveLength(1);
    expect(events).toContainEqual({
      type: 'note',
      message: expect.stringContaining('Missing lock for job run-1'),
    });
  });
});

describe('a job that is held', () => {
  it('is lost when the broker has given it to another worker', async () => {
    const answers = [true, false];
    const { taken } = job(queued(), { renew: async () => answers.shift() ?? false });
    const held = hold(taken, WORKER, { renew: 1, tell: 1000 });
    await expect.poll(() => held.lost.aborted).toBe(true);
    held.release();
    expect(answers).toEqual([]);
  });

  it('is kept while the broker is away', async () => {
    let calls = 0;
    const renew = async () => {
      calls++;
      throw new Error('away');
    };
    const held = hold(job(queued(), { renew }).taken, WORKER, { renew: 1, tell: 1000 });
    await expect.poll(() => calls).toBeGreaterThan(2);
    held.release();
    expect(held.lost.aborted).toBe(false);
  });

  it('tells who has it, and then how far it is', async () => {
    const { taken, told } = job(queued());
    const held = hold(taken, WORKER, { renew: 1000, tell: 1 });
    held.listen({ type: 'note', message: 'left out' });
    const stage = { type: 'stage', stage: 'train', message: 'training' } as const;
    held.listen(stage);
    await expect.poll(() => told).toEqual([{ worker: WORKER }, { worker: WORKER, event: stage }]);
    held.release();
  });
});
