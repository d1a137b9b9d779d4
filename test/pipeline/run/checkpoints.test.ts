import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../../src/base/rng.ts';
import type { NamedTensors } from '../../../src/base/tensor.ts';
import { readSafetensors, writeSafetensors } from '../../../src/formats/safetensors.ts';
import { checkpointHash } from '../../../src/pipeline/run/checkpoint-form.ts';
import { fileCheckpoints, readLastCheckpoint } from '../../../src/pipeline/run/checkpoints.ts';
import { type RunPaths, runPaths } from '../../../src/run/store.ts';
import { type Progress, START } from '../../../src/training/checkpoint.ts';
import { onnxEngine } from '../../engines/engines.ts';
import { temporaryFolder } from '../pictures.ts';

let paths: RunPaths;
let bytes: Buffer;

const weights: NamedTensors = new Map([
  ['fc8.weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['fc8.bias', { shape: [2], data: Float32Array.of(0.5, -0.5) }],
]);
const progress: Progress = {
  ...START,
  epoch: 1,
  history: [{ loss: 0.5, accuracy: Number.NaN }],
  before: { loss: 1 },
};

const store = async () =>
  fileCheckpoints(paths, { engine: await onnxEngine(), emit: () => undefined });

beforeAll(async () => {
  paths = runPaths(await temporaryFolder());
  const state = { step: 4, weights, slots: new Map([...weights].slice(1)) };
  await (await store()).saveLast({ progress, state });
  bytes = await readFile(paths.last);
});
afterAll(() => rm(paths.folder, { recursive: true, force: true }));

it('a checkpoint is read as it was written, figures that are no numbers too', async () => {
  const last = await readLastCheckpoint(paths);
  expect(last).toMatchObject({ progress, state: { step: 4, weights }, madeBy: 'onnx on cpu' });
  expect(last?.state.slots).toEqual(new Map([...weights].slice(1)));
});

it('a flipped bit is found in every byte, and the file is named', async () => {
  const rng = createRng('flips', 1);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << rng.integer(8));
    await writeFile(paths.last, changed);
    await expect(readLastCheckpoint(paths), `byte ${at}`).rejects.toMatchObject({
      kind: 'data',
      details: { where: paths.last, fix: expect.stringContaining('--overwrite') },
    });
  }
});

it('the best weights are checked in the same way', async () => {
  const checkpoints = await store();
  await checkpoints.saveBest(weights, progress);
  expect(await checkpoints.loadBest()).toEqual(weights);
  const best = await readFile(paths.best);
  best[best.length - 1] = (best.at(-1) ?? 0) ^ 1;
  await writeFile(paths.best, best);
  await expect(checkpoints.loadBest()).rejects.toMatchObject({
    kind: 'data',
    message: `the checkpoint ${paths.best} is damaged`,
  });
});

describe('a checkpoint that somebody has made', () => {
  /** With a hash that is right: what is wrong has to be found by itself. */
  async function write(changes: Readonly<Record<string, string | undefined>>): Promise<void> {
    await writeFile(paths.last, bytes);
    const { tensors, metadata } = await readSafetensors(paths.last);
    const all: Readonly<Record<string, string | undefined>> = { ...metadata, ...changes };
    const kept: Record<string, string> = {};
    for (const [name, value] of Object.entries(all)) {
      if (value !== undefined && name !== 'sha256') kept[name] = value;
    }
    const sha256 = checkpointHash(tensors, kept);
    const hash = kept.version === '1' ? {} : { sha256 };
    await writeSafetensors(paths.last, tensors, { ...kept, ...hash });
  }

  it.each([
    ['no JSON', '{'],
    ['no progress at all', undefined],
    ['null', 'null'],
    ['a phase that is a text', JSON.stringify({ ...progress, phase: 'main' })],
    ['a negative batch', JSON.stringify({ ...progress, batch: -1 })],
    ['half an epoch', JSON.stringify({ ...progress, epoch: 0.5, history: [] })],
    ['fewer figures than epochs', JSON.stringify({ ...progress, history: [] })],
    ['figures that are a list', JSON.stringify({ ...progress, history: [[1]] })],
    ['sums that are missing', JSON.stringify({ ...progress, sums: undefined })],
    [
      'a best epoch that never was',
      JSON.stringify({ ...progress, judged: { history: [], best: 0 } }),
    ],
    ['a best epoch that is a text', JSON.stringify({ ...progress, judged: { best: 'x' } })],
  ])('with %s as its progress is refused', async (_, text) => {
    await write({ progress: text });
    await expect(readLastCheckpoint(paths)).rejects.toMatchObject({
      kind: 'data',
      details: { found: expect.stringContaining('progress'), where: paths.last },
    });
  });

  it.each(['-1', 'x', '1.5', ''])('with "%s" as its step is refused', async (step) => {
    await write({ step: step === '' ? undefined : step });
    await expect(readLastCheckpoint(paths)).rejects.toMatchObject({ kind: 'data' });
  });

  it.each(['3', '0', undefined])(
    'of format version %s is refused by its version',
    async (version) => {
      await write({ version });
      await expect(readLastCheckpoint(paths)).rejects.toMatchObject({
        kind: 'data',
        details: { found: `version ${version ?? 'unknown'}`, where: paths.last },
      });
    },
  );

  it('of format version 1, which had no hash, is read', async () => {
    await write({ version: '1' });
    expect(await readLastCheckpoint(paths)).toMatchObject({ progress, state: { step: 4 } });
  });
});
