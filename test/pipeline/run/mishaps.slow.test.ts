import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../src/base/events.ts';
import { Settings } from '../../../src/config/settings.ts';
import type { Engine, TrainingProgram, TrainingRequest } from '../../../src/engines/engine.ts';
import { deviceFailure } from '../../../src/engines/onnx/device-errors.ts';
import { createOnnxEngine } from '../../../src/engines/onnx/index.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { readLastCheckpoint } from '../../../src/pipeline/run/checkpoints.ts';
import { train } from '../../../src/pipeline/train.ts';
import { runPaths } from '../../../src/run/store.ts';
import { allFinite } from '../../../src/training/checkpoint.ts';
import { testStorage } from '../../storage.ts';
import { changedNames } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache'));
  await pictureFolder(6, join(home, 'pictures'));
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

interface Options {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  readonly engine?: Engine;
  readonly onEvent?: (event: RunEvent) => unknown;
}

/** Trains everything for three epochs of three steps. */
function run(name: string, { settings = {}, resume = false, engine, onEvent }: Options = {}) {
  const values = {
    ...{ data: join(home, 'pictures'), out: join(home, name), strategy: 'scratch' },
    ...{ backbone: 'vgg-nano', weights: 'random', epochs: 3, batchSize: 5 },
    image: { size: 32 },
    ...settings,
  };
  return train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    resume,
    ...(engine !== undefined && { engine }),
    signal: new AbortController().signal,
    emit: (event) => onEvent?.(event),
  });
}

const pathsOf = (name: string) => runPaths(join(home, name));
const checkpointFiles = async (name: string) =>
  (await readdir(join(home, name, 'checkpoints'))).sort();

/** Names of the final weights that differ. */
async function changedBetween(one: string, other: string): Promise<string[]> {
  const model = (of: string) => readSafetensors(join(home, of, 'model', 'model.safetensors'));
  return changedNames((await model(one)).tensors, (await model(other)).tensors);
}

/** A real engine with another step. */
async function engineWith(step: (program: TrainingProgram) => TrainingProgram['step']) {
  const engine = await createOnnxEngine({ device: 'cpu', threads: 1 });
  return {
    ...engine,
    compileTraining: async (request: TrainingRequest): Promise<TrainingProgram> => {
      const program = await engine.compileTraining(request);
      return {
        step: step(program),
        predict: (rows, count) => program.predict(rows, count),
        state: () => program.state(),
        load: (state) => program.load(state),
        release: () => program.release(),
      };
    },
  };
}

/** An engine of which one step is given weights that are no numbers: all that follows is NaN. */
function engineThatDiverges(atStep: number): Promise<Engine> {
  let steps = 0;
  return engineWith((program) => (batch, rates) => {
    const broken = batch.weights.map(() => Number.NaN);
    return program.step(++steps === atStep ? { ...batch, weights: broken } : batch, rates);
  });
}

/** An engine whose device is lost at one step. */
function engineThatIsLost(atStep: number): Promise<Engine> {
  let steps = 0;
  return engineWith((program) => async (batch, rates) => {
    if (++steps !== atStep) return program.step(batch, rates);
    throw deviceFailure(new Error('Device is lost.'), { device: 'webgpu', graph: 'gradient5' });
  });
}

describe('a device that is lost in the middle', () => {
  it('ends the run with exit code 5, and says how it goes on', async () => {
    const engine = await engineThatIsLost(5);
    await expect(run('lost', { engine })).rejects.toMatchObject({
      kind: 'unavailable',
      exitCode: 5,
      message: expect.stringContaining('webgpu failed in the middle'),
      details: { found: 'Device is lost.', fix: expect.stringContaining('--resume RUN') },
    });
  });

  it('costs what came after the last checkpoint, and nothing else', async () => {
    const last = await readLastCheckpoint(pathsOf('lost'));
    expect(last?.progress).toMatchObject({ epoch: 1, batch: 0 });
    await run('lost', { resume: true, engine: await engineThatIsLost(0) });
    await run('kept', { engine: await engineThatIsLost(0) });
    expect(await changedBetween('kept', 'lost')).toEqual([]);
  });
});

describe('a loss that becomes NaN after a good epoch', () => {
  it('stops the run, and the error names the step', async () => {
    const engine = await engineThatDiverges(5);
    await expect(run('diverged', { engine })).rejects.toMatchObject({
      kind: 'usage',
      exitCode: 2,
      message: expect.stringContaining('the loss is not a finite number'),
      details: {
        where: 'main, epoch 2, step 2',
        fix: expect.stringMatching(/lower optimizer\.learningRate.*checkpoint is kept/),
      },
    });
  });

  it('keeps the last good checkpoint, whole and finite, and nothing half', async () => {
    expect(await checkpointFiles('diverged')).toEqual(['best.safetensors', 'last.safetensors']);
    const last = await readLastCheckpoint(pathsOf('diverged'));
    expect(last?.progress).toMatchObject({ epoch: 1, batch: 0 });
    for (const tensors of [last?.state.weights, last?.state.slots]) {
      expect(tensors?.size).toBeGreaterThan(0);
      expect(allFinite(tensors ?? new Map())).toBe(true);
    }
    expect(allFinite((await readSafetensors(pathsOf('diverged').best)).tensors)).toBe(true);
  });

  it('that does not come again when the run is resumed leaves no trace', async () => {
    await run('diverged', { resume: true, engine: await engineThatDiverges(0) });
    await run('undisturbed', { engine: await engineThatDiverges(0) });
    expect(await changedBetween('undisturbed', 'diverged')).toEqual([]);
  });

  it('in the first epoch, with nothing saved yet, promises no checkpoint', async () => {
    const engine = await engineThatDiverges(1);
    await expect(run('early', { engine })).rejects.toMatchObject({
      details: {
        where: 'main, epoch 1, step 1',
        fix: expect.not.stringContaining('checkpoint'),
      },
    });
    expect(await readLastCheckpoint(pathsOf('early'))).toBeUndefined();
  });

  it.each([
    ['a weight', 1e38, 1e4],
    ['the validation loss', 1e35, 10],
  ])(
    'in the last step of an epoch, seen in %s alone, is not saved',
    async (what, weightDecay, learningRate) => {
      // A step's loss is that of the weights before it.
      const optimizer = { kind: 'sgd', learningRate, weightDecay, momentum: 0 };
      const settings = { optimizer, schedule: { kind: 'constant', warmup: 0 }, batchSize: 100 };
      await expect(run(what, { settings })).rejects.toMatchObject({
        kind: 'usage',
        message: `training diverged: ${what} is not a finite number`,
        details: { where: 'main, epoch 1, step 1' },
      });
      await expect(checkpointFiles(what)).rejects.toThrow('ENOENT');
    },
  );
});

/** @returns what makes files longer than `room` bytes end as on a full disk: half written, ENOSPC */
async function diskFiller(room: number): Promise<() => void> {
  const probe = await open(join(home, 'probe'), 'w');
  const prototype = Object.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  const { writeFile } = prototype;
  const written = new WeakMap<object, number>();
  async function writeUntilFull(this: typeof probe, data: unknown): Promise<void> {
    const bytes = Buffer.from(data as Uint8Array);
    const start = written.get(this) ?? 0;
    written.set(this, start + bytes.length);
    await writeFile.call(this, bytes.subarray(0, Math.max(0, room - start)));
    if (start + bytes.length <= room) return;
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
  return () => vi.spyOn(prototype, 'writeFile').mockImplementation(writeUntilFull);
}

let undisturbed: Promise<unknown> | undefined;

describe.each([
  // The best weights have 5 MB, the last checkpoint, with the optimizer's slots, more.
  ['the best weights', 1e6],
  ['the last checkpoint', 7e6],
])('a disk that is full when the second epoch saves %s', (what, room) => {
  const name = `full at ${what}`;
  const optimizer = { kind: 'adamw', learningRate: 1e-3 };

  it('ends the run with an error that says what, where and what to do', async () => {
    const fill = await diskFiller(room);
    const onEvent = ({ type }: RunEvent) => type === 'epoch' && fill();
    const error = await run(name, { settings: { optimizer }, onEvent }).catch((e: unknown) => e);
    const { best, last } = pathsOf(name);
    const path = what === 'the best weights' ? best : last;
    expect(error).toMatchObject({
      kind: 'data',
      exitCode: 3,
      message: `could not write ${path}`,
      details: {
        found: expect.stringContaining('no space left'),
        where: path,
        fix: expect.stringMatching(/^free some space.*--resume/),
      },
    });
  });

  it('leaves the checkpoint of the first epoch, and no half file', async () => {
    expect(await checkpointFiles(name)).toEqual(['best.safetensors', 'last.safetensors']);
    const last = await readLastCheckpoint(pathsOf(name));
    expect(last?.progress).toMatchObject({ epoch: 1, batch: 0 });
    await expect(readSafetensors(pathsOf(name).best)).resolves.toBeDefined();
    expect(await readdir(join(home, name))).not.toContain('lock');
  });

  it('once there is room again, goes on to the weights of the undisturbed run', async () => {
    undisturbed ??= run('never full', { settings: { optimizer } });
    await undisturbed;
    await run(name, { settings: { optimizer }, resume: true });
    expect(await changedBetween('never full', name)).toEqual([]);
  });
});
