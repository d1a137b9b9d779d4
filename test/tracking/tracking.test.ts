import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { Settings } from '../../src/config/settings.ts';
import { createEventLog } from '../../src/run/event-log.ts';
import { type RunPaths, runPaths } from '../../src/run/store.ts';
import { Mlflow } from '../../src/tracking/mlflow.ts';
import { createTracking } from '../../src/tracking/tracking.ts';
import { epochEnd, step, wholeEpoch } from './events.ts';
import { type FakeMlflow, fakeMlflow } from './fake-mlflow.ts';
import { scalarsOf } from './read-events.ts';

const NAME = '<img src=x onerror=alert(1)>';

let home: string;
let paths: RunPaths;
let server: FakeMlflow;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-tracking-'));
  paths = runPaths(join(home, NAME));
  await mkdir(paths.folder);
  server = await fakeMlflow();
});
afterEach(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const configOf = (log: readonly string[]) =>
  Settings.of({
    origin: 'test',
    values: { data: NAME, strategy: 'head', backbone: 'vgg-nano', log: [...log] },
  }).for();

interface Process {
  readonly events: readonly RunEvent[];
  readonly end: 'finished' | 'interrupted' | 'failed';
  readonly log: readonly string[];
}

/** What one process does: it opens the run, tells of its events and ends. The warnings are returned. */
async function trackedProcess({ events, end, log }: Process): Promise<string[]> {
  const warnings: string[] = [];
  const ndjson = createEventLog();
  const tracking = createTracking((event) => {
    if (event.type === 'warning') warnings.push(event.message);
  });
  ndjson.open(paths.events);
  await tracking.open({ paths, config: configOf(log) });
  for (const event of events) {
    ndjson.listen(event);
    tracking.listen(event);
  }
  ndjson.flush();
  await tracking.close(end, end === 'finished' ? { accuracy: 0.9, loss: 0.3 } : undefined);
  return warnings;
}

/** The event files that hold anything; those of interrupted processes are empty in the end. */
async function eventFiles(): Promise<Buffer[]> {
  const names = await readdir(paths.tensorboard);
  const files = await Promise.all(names.map((name) => readFile(join(paths.tensorboard, name))));
  return files.filter((bytes) => bytes.length > 0);
}

const EXPECTED_STEPS = {
  'step/loss': [1, 2, 3, 4, 5, 6, 7, 8],
  'step/learning_rate': [1, 2, 3, 4, 5, 6, 7, 8],
  'train/loss': [4, 8],
  'train/accuracy': [4, 8],
  'validation/loss': [4, 8],
  'validation/accuracy': [4, 8],
  'final/accuracy': [8],
  'final/loss': [8],
};

/** Interrupted after the second step of its second epoch, killed after the third; the last step was made twice. */
async function interruptedRun(log: readonly string[]): Promise<void> {
  const early = [...wholeEpoch(1), step(2, 1), step(2, 2), step(2, 3)];
  await trackedProcess({ events: early, end: 'interrupted', log });
  const late = [step(2, 3), step(2, 4), epochEnd(2)];
  await trackedProcess({ events: late, end: 'finished', log });
}

describe('TensorBoard', () => {
  it('is told of a run in one file, without a step twice after it was resumed', async () => {
    await interruptedRun(['tensorboard']);
    const [file, ...others] = await eventFiles();
    expect(others).toEqual([]);
    const scalars = scalarsOf(file ?? Buffer.alloc(0));
    expect(
      Object.fromEntries([...scalars].map(([tag, points]) => [tag, points.map((p) => p.step)])),
    ).toEqual(EXPECTED_STEPS);
    expect(scalars.get('step/loss')?.[6]?.value).toBeCloseTo(1 / 5, 6);
  });

  it('keeps the event files of others, and what a link leads to', async () => {
    await mkdir(paths.tensorboard);
    const linked = join(home, 'linked');
    await writeFile(linked, 'mine');
    await symlink(linked, join(paths.tensorboard, 'events.out.tfevents.1.host.vggtune'));
    const foreign = join(paths.tensorboard, 'events.out.tfevents.9999999999.host');
    await writeFile(foreign, 'mine');
    await interruptedRun(['tensorboard']);
    for (const path of [foreign, linked]) expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('costs no run where its folder is a link, which is not followed', async () => {
    const elsewhere = join(home, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, paths.tensorboard);
    const warnings = await trackedProcess({
      events: wholeEpoch(1),
      end: 'finished',
      log: ['tensorboard'],
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^TensorBoard cannot be told of the run: .*is no folder/),
    ]);
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it('is not told where settings do not name it', async () => {
    expect(await trackedProcess({ events: wholeEpoch(1), end: 'finished', log: [] })).toEqual([]);
    expect(await readdir(paths.folder)).toEqual(['events.ndjson']);
  });
});

describe('MLflow', () => {
  const told = () => {
    const [run] = server.runs.values();
    const steps: Record<string, number[]> = {};
    for (const { key, step: at } of run?.metrics ?? []) {
      steps[key] = [...(steps[key] ?? []), at];
    }
    return { run, steps };
  };

  it('is told of a run in one of its own, which goes on when it is resumed', async () => {
    await writeFile(join(paths.folder, 'metrics.json'), '{"x": 1}');
    await interruptedRun([`mlflow=${server.address}/`]);
    const { run, steps } = told();
    expect(server.experiments).toEqual(['vggtune']);
    expect(server.runs.size).toBe(1);
    expect(steps).toEqual(EXPECTED_STEPS);
    expect(run?.statuses).toEqual(['RUNNING', 'KILLED', 'RUNNING', 'FINISHED']);
    expect(run?.name).toBe(NAME);
    expect(run?.params.get('data')).toBe(NAME);
    expect(run?.params.get('head.kind')).toBe('levels');
    expect([...(run?.files ?? [])]).toEqual([['metrics.json', '{"x": 1}']]);
  });

  it('has another experiment where the address names it', async () => {
    const log = [`mlflow=${server.address}#two%20words`];
    await trackedProcess({ events: [], end: 'failed', log });
    expect(server.experiments).toEqual(['two words']);
    expect(told().run?.statuses).toEqual(['RUNNING', 'FAILED']);
  });

  it('that is not there costs no run, and is named once', async () => {
    const log = [`mlflow=${server.address}`];
    await server.close();
    const began = performance.now();
    const warnings = await trackedProcess({ events: wholeEpoch(1), end: 'finished', log });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^MLflow at http:\/\/127.0.0.1:\d+ cannot be told of the run: .*ECONNREFUSED.*; the run goes on/,
      ),
    ]);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it.each([500, 403])('that answers %i costs no run', async (status) => {
    server.refusal = status;
    const log = [`mlflow=${server.address}`];
    const warnings = await trackedProcess({ events: wholeEpoch(1), end: 'finished', log });
    expect(warnings).toEqual([expect.stringContaining(`status ${status}`)]);
  });

  it('that never answers holds up the end of a run for a while only', async () => {
    server.refusal = 'never';
    const { address } = server;
    const options = { address, experiment: 'x', onFailure: () => {}, lastCall: 200 };
    const tracker = new Mlflow(options);
    await tracker.open({ paths, config: configOf([]), points: [] });
    const began = performance.now();
    await expect(tracker.close('finished')).rejects.toThrow('no answer');
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('gets what it missed when the run is resumed, in the same run', async () => {
    const log = [`mlflow=${server.address}`];
    await trackedProcess({ events: [step(1, 1), step(1, 2)], end: 'interrupted', log });
    server.refusal = 503;
    const missed = [step(1, 3), step(1, 4), epochEnd(1)];
    expect(await trackedProcess({ events: missed, end: 'interrupted', log })).toHaveLength(1);
    server.refusal = undefined;
    await trackedProcess({ events: wholeEpoch(2), end: 'finished', log });
    expect(server.runs.size).toBe(1);
    expect(told().steps).toEqual(EXPECTED_STEPS);
  });

  it('gets a new run where its own was removed there, or is of another server', async () => {
    const log = [`mlflow=${server.address}`];
    const record = { version: 1, mlflow: { address: server.address, run: 'gone' } };
    await writeFile(paths.tracking, JSON.stringify(record));
    await trackedProcess({ events: wholeEpoch(1), end: 'finished', log });
    expect(JSON.parse(await readFile(paths.tracking, 'utf8'))).toEqual({
      ...{ version: 1, mlflow: { address: server.address, run: 'run0' } },
    });
    const other = JSON.stringify({ version: 1, mlflow: { address: 'http://other', run: 'run0' } });
    await writeFile(paths.tracking, other);
    await trackedProcess({ events: wholeEpoch(2), end: 'finished', log });
    expect(server.runs.size).toBe(2);
  });

  it('that keeps files elsewhere is told of all else, and it is said', async () => {
    await server.close();
    server = await fakeMlflow('s3://bucket');
    const log = [`mlflow=${server.address}`];
    const warnings = await trackedProcess({ events: wholeEpoch(1), end: 'finished', log });
    expect(warnings).toEqual([expect.stringContaining('s3://bucket')]);
    expect(told().run?.statuses.at(-1)).toBe('FINISHED');
  });
});
