import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../src/base/events.ts';
import { Settings } from '../../../src/config/settings.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { evaluateRun } from '../../../src/pipeline/evaluate.ts';
import { train } from '../../../src/pipeline/train.ts';
import { testStorage } from '../../storage.ts';
import { changedNames } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  vi.stubEnv('VGGTUNE_CACHE', join(home, 'cache'));
  await pictureFolder(12, join(home, 'pictures'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

interface Options {
  readonly values?: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  readonly onEvent?: (event: RunEvent, stop: () => void) => void;
}

async function run(name: string, { values, resume = false, onEvent }: Options = {}) {
  const controller = new AbortController();
  const events: RunEvent[] = [];
  const own = { data: join(home, 'pictures'), out: join(home, name), backbone: 'vgg-nano' };
  const record = await train({
    settings: Settings.of({ origin: 'test', values: { ...own, ...values } }),
    storage: testStorage(),
    resume,
    signal: controller.signal,
    emit: (event) => {
      events.push(event);
      onEvent?.(event, () => controller.abort());
    },
  });
  return { record, events };
}

const weightsOf = async (name: string) =>
  (await readSafetensors(join(home, name, 'model', 'model.safetensors'))).tensors;

const json = async (name: string, file: string) =>
  JSON.parse(await readFile(join(home, name, file), 'utf8'));

it('head is fitted to every image, and measured on each by a fit without it', async () => {
  const { record, events } = await run('head', { values: { strategy: 'head' } });
  expect(record.metrics).toMatchObject({ side: 'cross-validation', images: 36 });
  expect(record.metrics?.metrics.accuracy).toBeGreaterThan(0.9);
  expect(record.plan.refit).toBe(true);
  expect(events.filter(({ type }) => type === 'epoch')).toEqual([]);
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
  expect(notes).toContainEqual(
    expect.stringMatching(/^output layer solved on 36 images: .*5-fold cross-validation$/),
  );
});

it('head without a refit keeps the validation images out, and measures on them', async () => {
  const { record } = await run('held', { values: { strategy: 'head', refit: 'never' } });
  expect(record.metrics).toMatchObject({ side: 'val', images: record.split.val.length });
  expect(record.metrics).not.toHaveProperty('beforeRefit');
  expect(changedNames(await weightsOf('head'), await weightsOf('held'))).toContain('fc8.weight');
});

it('top is trained again on all images, and says that its figures are of before', async () => {
  const values = { strategy: 'top', epochs: 3 };
  const { record, events } = await run('top', { values });
  const phases = events.flatMap((event) => (event.type === 'train-start' ? [event] : []));
  const [train, val] = [record.split.train.length, record.split.val.length];
  expect(phases[0]).toMatchObject({ phase: 'main', images: train });
  for (const phase of phases.slice(1)) {
    expect(phase).toMatchObject({ phase: 'refit', images: train + val });
  }
  expect(record.metrics).toMatchObject({ side: 'val', images: val, beforeRefit: true });
  const before = await json('top', 'metrics.json');
  const warnings: string[] = [];
  await evaluateRun({
    storage: testStorage(),
    run: join(home, 'top'),
    signal: new AbortController().signal,
    emit: (event) => event.type === 'warning' && warnings.push(event.message),
  });
  expect(warnings).toEqual([expect.stringContaining('trained on too')]);
  expect(await json('top', 'metrics.json')).toEqual(before);
});

it.each([2, 11])('top resumes after %d steps to the same weights, bit for bit', async (steps) => {
  // A rate at which the start is not the best: the refit takes steps.
  const values = { strategy: 'top', epochs: 3, batchSize: 8, optimizer: { learningRate: 3e-4 } };
  await run(`whole-${steps}`, { values });
  let seen = 0;
  const onEvent = ({ type }: RunEvent, stop: () => void) => {
    if (type === 'step' && ++seen === steps) stop();
  };
  const broken = run(`broken-${steps}`, { values, onEvent });
  await expect(broken).rejects.toMatchObject({ kind: 'interrupted' });
  expect(await readdir(join(home, `broken-${steps}`))).not.toContain('model');
  await run(`broken-${steps}`, { values, resume: true });
  const whole = await weightsOf(`whole-${steps}`);
  expect(changedNames(whole, await weightsOf(`broken-${steps}`))).toEqual([]);
  expect(await json(`broken-${steps}`, 'metrics.json')).toEqual(
    await json(`whole-${steps}`, 'metrics.json'),
  );
});

it('a rate a thousand times too high leaves top with the head that it started from, and it says so', async () => {
  const values = { strategy: 'top', epochs: 4, optimizer: { learningRate: 10 } };
  const { events } = await run('wild', { values });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event] : []));
  expect(warnings).toContainEqual(expect.objectContaining({ code: 'training-diverged' }));
  const [wild, head] = [await weightsOf('wild'), await weightsOf('head')];
  // The refit solves the same head on the same images as the strategy head does, with its own views.
  expect(changedNames(wild, head).every((name) => name.startsWith('fc8'))).toBe(true);
});
