import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { Settings } from '../../src/config/settings.ts';
import { train } from '../../src/pipeline/train.ts';
import type { RunRecord } from '../../src/run/record.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { testStorage } from '../storage.ts';

/** A Python that has tensorboard and mlflow; `.ci/run` makes one. */
const PYTHON = process.env.TRACKING_PYTHON ?? '';
const HOSTILE = '<img src=x onerror=alert(1)>';
/** Steps of an epoch. */
const STEPS = 4;

let home: string;
let run: string;
let address: string;
let server: ChildProcess;
let boards: readonly Board[] = [];
let whole: RunRecord;
const epochs: Extract<RunEvent, { type: 'epoch' }>[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  if (PYTHON === '') throw new Error('TRACKING_PYTHON is not set: the path of a Python');
  home = await mkdtemp(join(tmpdir(), 'vggtune-tracking-'));
  const data = await pictureFolder(10, join(home, HOSTILE));
  await rename(join(data, 'red', '1.png'), join(data, 'red', `${HOSTILE.replace('/', '')}.png`));
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  server = await mlflowServer(port);
  run = join(home, 'runs', HOSTILE);
  boards = [await tensorBoard(true), await tensorBoard(false)];
  whole = await interruptedRun(data);
});
afterAll(async () => {
  server?.kill();
  for (const board of boards) board.process.kill();
  await rm(home, { recursive: true, force: true });
});

/** Trains, with an interruption after the second step of the second epoch. */
async function interruptedRun(data: string): Promise<RunRecord> {
  const values = {
    ...{ data, out: run, backbone: 'vgg-nano', strategy: 'top', epochs: 3, batchSize: 8 },
    ...{ warmupEpochs: 0, refit: 'never', earlyStop: null, export: ['safetensors'] },
    log: ['tensorboard', `mlflow=${address}#${encodeURIComponent(HOSTILE)}`],
  } as const;
  const settings = Settings.of({
    origin: 'test',
    values: { ...values, log: [...values.log], export: ['safetensors'] },
  });
  const stop = new AbortController();
  const emit = (event: RunEvent) => {
    if (event.type === 'epoch') epochs.push(event);
    if (event.type === 'warning') warnings.push(event.message);
    if (event.type === 'step' && event.epoch === 2 && event.step === 2) stop.abort();
  };
  const common = { settings, storage: testStorage(), emit };
  await expect(train({ ...common, signal: stop.signal })).rejects.toMatchObject({
    kind: 'interrupted',
  });
  // The servers have read the first file before there is a second one.
  for (const { port } of boards) await untilShown(port, STEPS + 2);
  return train({ ...common, resume: true, signal: new AbortController().signal });
}

interface Board {
  readonly port: number;
  readonly process: ChildProcess;
}

/** A real TensorBoard that watches the runs, with the loader that is written in Rust or the one in Python. */
async function tensorBoard(fast: boolean): Promise<Board> {
  const port = await freePort();
  const args = ['--logdir', join(home, 'runs'), '--port', String(port), '--reload_interval', '1'];
  const command = join(dirname(PYTHON), 'tensorboard');
  const process = spawn(command, [...args, '--load_fast', String(fast)], { stdio: 'ignore' });
  return { port, process };
}

/** Waits until a TensorBoard shows so many steps, and returns the steps that it shows. */
async function untilShown(port: number, count: number): Promise<readonly number[]> {
  const query = new URLSearchParams({ tag: 'step/loss', run: `${HOSTILE}/tensorboard` });
  const url = `http://127.0.0.1:${port}/data/plugin/scalars/scalars?${query}`;
  let steps: readonly number[] = [];
  for (let tries = 0; tries < 240 && steps.length < count; tries++) {
    await new Promise((wait) => setTimeout(wait, 500));
    const text = await fetch(url).then(
      async (response) => (response.ok ? response.text() : '[]'),
      () => '[]',
    );
    steps = (JSON.parse(text) as number[][]).map(([, step = 0]) => step);
  }
  return steps;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  const found = probe.address();
  await new Promise<void>((closed) => probe.close(() => closed()));
  return typeof found === 'object' && found !== null ? found.port : 0;
}

/** A real server with a database of its own, once it answers. */
async function mlflowServer(port: number): Promise<ChildProcess> {
  const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const store = ['--backend-store-uri', `sqlite:///${join(home, 'mlflow.db')}`];
  const files = ['--artifacts-destination', join(home, 'artifacts')];
  const child = spawn(join(dirname(PYTHON), 'mlflow'), [...args, ...store, ...files], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 240; tries++) {
    const answers = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (answers) return child;
    await new Promise((wait) => setTimeout(wait, 500));
  }
  throw new Error('the server of MLflow did not start');
}

async function reads(...args: readonly string[]) {
  const script = join(import.meta.dirname, 'tracking_reads.py');
  const { stdout } = await promisify(execFile)(PYTHON, [script, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

type Scalars = Readonly<Record<string, readonly (readonly number[])[]>>;

/** Every point of the run is there once, with the values of its events and its records. */
function expectWhole(scalars: Scalars): void {
  const steps = (tag: string) => scalars[tag]?.map(([step]) => step);
  const all = Array.from({ length: 3 * STEPS }, (_, at) => at + 1);
  const ends = [STEPS, 2 * STEPS, 3 * STEPS];
  expect(steps('step/loss')).toEqual(all);
  expect(steps('step/learning_rate')).toEqual(all);
  expect(steps('train/loss')).toEqual(ends);
  expect(steps('validation/accuracy')).toEqual(ends);
  for (const [at, { loss, validation }] of epochs.entries()) {
    expect(scalars['train/loss']?.[at]?.[1]).toBeCloseTo(loss, 5);
    expect(scalars['validation/loss']?.[at]?.[1]).toBeCloseTo(validation.loss ?? Number.NaN, 5);
  }
  for (const [name, value] of Object.entries(whole.metrics?.metrics ?? {})) {
    expect(scalars[`final/${name}`]).toHaveLength(1);
    expect(scalars[`final/${name}`]?.[0]?.[1]).toBeCloseTo(value, 5);
  }
}

it('the run was interrupted, went on, and had nothing to complain of', () => {
  expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  expect(warnings).toEqual([]);
});

describe('TensorBoard', () => {
  it('reads every point of a resumed run once, and its settings', async () => {
    const { scalars, texts } = await reads('tensorboard', join(run, 'tensorboard'));
    expectWhole(scalars);
    expect(texts.settings).toContain('    backbone: "vgg-nano"');
    // A block of code, in which Markdown leaves HTML as text.
    expect(texts.settings.split('\n').every((line: string) => line.startsWith('    '))).toBe(true);
  });

  it.each([0, 1])('shows it while it watches, by each of its loaders (%i)', async (at) => {
    const all = Array.from({ length: 3 * STEPS }, (_, index) => index + 1);
    expect(await untilShown(boards[at]?.port ?? 0, all.length)).toEqual(all);
  });
});

describe('MLflow', () => {
  it('has one run, with every point once, the settings and the files', async () => {
    const found = await reads('mlflow', address, HOSTILE);
    expect(found).toHaveLength(1);
    const [{ name, status, params, scalars, files }] = found;
    expect({ name, status }).toEqual({ name: HOSTILE, status: 'FINISHED' });
    expectWhole(scalars);
    expect(params).toMatchObject({ backbone: 'vgg-nano', data: join(home, HOSTILE) });
    const sent = ['config.yaml', 'metrics.json', 'plan.json', 'predictions.csv', 'report.html'];
    expect([...files].sort()).toEqual(sent);
  });

  it('is named in the run folder', async () => {
    const { mlflow } = JSON.parse(await readFile(join(run, 'tracking.json'), 'utf8'));
    expect(mlflow).toEqual({ address, run: expect.any(String) });
  });
});
