import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchRun } from '../../src/batch/plan-batch.ts';
import type { BatchEvent } from '../../src/batch/runner.ts';
import { Settings } from '../../src/config/settings.ts';
import type { Broker, QueuedJob, QueuedRun, RunDone } from '../../src/queue/broker.ts';
import { type FollowRequest, followBatch } from '../../src/queue/follow.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';

let home = '';
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => rm(home, { recursive: true, force: true }));

const WORKER = { host: 'node7', pid: 1 };
const DONE: RunDone = {
  ...{ worker: WORKER, strategy: 'head', metrics: { accuracy: 0.5 }, seconds: 2 },
  warnings: ['an old warning'],
};

function batchRun(name: string, more: Partial<BatchRun> = {}): BatchRun {
  const folder = join(home, 'runs', name);
  const settings = Settings.of({ origin: 'f', values: { strategy: 'head', out: folder } });
  const run = { name, file: 'f.yaml', choices: [], settings, strategy: 'head', folder } as const;
  return { ...run, gates: [], state: { kind: 'new' }, ...more };
}

/** A broker in memory: `step` says what becomes of a job each time that it is looked at. */
function memory(step: (job: QueuedJob, looks: number) => QueuedJob | undefined) {
  const jobs = new Map<string, QueuedJob>();
  const added: QueuedRun[] = [];
  let looks = 0;
  const broker: Broker = {
    add: async (id, run) => {
      added.push(run);
      jobs.set(id, { id, state: 'waiting', run, attempts: 0 });
    },
    find: async (id) => {
      const job = jobs.get(id);
      const next = job === undefined ? undefined : step(job, looks++);
      if (next === undefined) jobs.delete(id);
      else jobs.set(id, next);
      return next;
    },
    remove: async (id) => void jobs.delete(id),
    list: async () => [...jobs.values()],
    workers: async () => [],
    close: async () => {},
  };
  return { broker, added, jobs };
}

function follow(broker: Broker, runs: readonly BatchRun[], more: Partial<FollowRequest> = {}) {
  const events: BatchEvent[] = [];
  const results = followBatch({
    ...{ broker, runs, version: '1', overwrite: false, offline: false, metric: 'accuracy' },
    ...{ results: join(home, 'results'), poll: 1, signal: new AbortController().signal },
    emit: (event) => events.push(event),
    ...more,
  });
  const warnings = () =>
    events.flatMap((event) =>
      event.type === 'run-event' && event.event.type === 'warning' ? [event.event.message] : [],
    );
  return { results, events, warnings };
}

const active = (job: QueuedJob, worker = WORKER): QueuedJob => ({
  ...job,
  state: 'active',
  progress: { worker, event: { type: 'stage', stage: 'train', message: 'training' } },
});
const done = (job: QueuedJob): QueuedJob => ({ ...job, state: 'done', done: DONE });

describe('a batch that follows its runs', () => {
  it('tells of them as of a batch, and writes the results', async () => {
    const { broker, added } = memory((job, looks) => (looks === 0 ? active(job) : done(job)));
    const { results, events, warnings } = follow(broker, [batchRun('a')]);
    expect(await results).toMatchObject({ counts: { passed: 1 }, ranking: ['a'] });
    expect(added).toHaveLength(1);
    expect(events.map(({ type }) => type)).toEqual([
      ...['run-start', 'run-event', 'run-event', 'run-end'],
    ]);
    expect(warnings()).toEqual(['an old warning']);
    const written = JSON.parse(await readFile(join(home, 'results', 'results.json'), 'utf8'));
    expect(written).toMatchObject({ runs: [{ name: 'a', status: 'passed', seconds: 2 }] });
  });

  it('queues nothing that is finished, and nothing that is queued', async () => {
    let looks = -1;
    const { broker, added } = memory((job) => (looks < 0 || looks++ === 0 ? job : done(job)));
    const metrics = undefined;
    const finished = batchRun('b', { state: { kind: 'finished', strategy: 'head', metrics } });
    const stop = new AbortController();
    const first = follow(broker, [batchRun('a'), finished], { signal: stop.signal });
    await expect.poll(() => added.length).toBe(1);
    stop.abort();
    expect(await first.results).toMatchObject({ counts: { waiting: 1, passed: 1 } });
    // The second batch looks once to see that it is there.
    looks = 0;
    await follow(broker, [batchRun('a'), finished]).results;
    expect(added.map(({ name }) => name)).toEqual(['a']);
  });

  it('queues a run anew that failed before, and one for another version', async () => {
    for (const old of [{ state: 'failed' }, { state: 'waiting', version: '0' }] as const) {
      let left = 1;
      const { broker, added, jobs } = memory((job) => (left-- > 0 ? job : done(job)));
      await follow(broker, [batchRun('a')]).results;
      const [job] = jobs.values();
      const run = { ...(added[0] as QueuedRun), version: 'version' in old ? old.version : '1' };
      jobs.set(job?.id ?? '', { ...(job as QueuedJob), run, state: old.state });
      left = 1;
      await follow(broker, [batchRun('a')]).results;
      expect(added.map(({ version }) => version)).toEqual(['1', '1']);
    }
  });

  it('queues a run again that the broker has lost', async () => {
    const { broker, added } = memory((job, looks) => (looks === 0 ? undefined : done(job)));
    const { results, warnings } = follow(broker, [batchRun('a')]);
    expect(await results).toMatchObject({ counts: { passed: 1 } });
    expect(added).toHaveLength(2);
    expect(warnings()[0]).toMatch(/the broker has lost it/);
  });

  it('says why a run does not get on, once', async () => {
    const states: ((job: QueuedJob) => QueuedJob)[] = [
      (job) => ({ ...job, state: 'delayed', progress: { worker: WORKER, refused: 'too old' } }),
      (job) => ({ ...job, state: 'delayed', progress: { worker: WORKER, refused: 'too old' } }),
      ({ progress: _, ...job }) => ({ ...job, state: 'delayed', attempts: 1, error: 'bug: broke' }),
      (job) => active(job),
      (job) => active(job, { host: 'node8', pid: 2 }),
      (job) => done(job),
    ];
    const { broker } = memory((job) => (states.shift() ?? done)(job));
    const { results, warnings } = follow(broker, [batchRun('a')]);
    await results;
    expect(warnings()).toEqual([
      'node7 (process 1) leaves it to others: too old',
      'attempt 1 has failed, and it is tried again: broke',
      'node8 (process 2) goes on with it',
      'an old warning',
    ]);
  });

  it('has the error of a run that failed for good', async () => {
    const { broker } = memory((job) => ({ ...job, state: 'failed', error: 'data: no images' }));
    expect(await follow(broker, [batchRun('a')]).results).toMatchObject({
      runs: [{ status: 'failed', error: { kind: 'data', message: 'no images' } }],
    });
  });

  it('ends at the signal though the broker is away', async () => {
    const stop = new AbortController();
    const { broker } = memory(done);
    const away = { ...broker, find: () => new Promise<undefined>(() => {}) };
    const { results } = follow(away, [batchRun('a')], { signal: stop.signal });
    stop.abort();
    expect(await results).toMatchObject({ counts: { waiting: 1 } });
  });
});
