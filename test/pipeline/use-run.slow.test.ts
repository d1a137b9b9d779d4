import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { figureLines } from '../../src/cli/report/metrics.ts';
import { Settings } from '../../src/config/settings.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { evaluateRun } from '../../src/pipeline/evaluate.ts';
import { exportRun } from '../../src/pipeline/export/export-run.ts';
import { inputFiles, predict } from '../../src/pipeline/predict.ts';
import { predictDense } from '../../src/pipeline/predict-dense.ts';
import { train } from '../../src/pipeline/train.ts';
import { parsePredictions } from '../../src/report/read-predictions.ts';
import { testStorage } from '../storage.ts';
import { changedNames } from '../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from './pictures.ts';

let home: string;
let data: string;
let out: string;
const cacheBefore = process.env.VGGTUNE_CACHE;
const quiet = {
  signal: new AbortController().signal,
  emit: () => {},
  get storage() {
    return testStorage();
  },
};

const source = (values: Record<string, unknown> = {}) => ({
  origin: 'test',
  values: {
    ...{ data, out, backbone: 'vgg-nano', weights: 'random', strategy: 'scratch' },
    ...{ epochs: 12, batchSize: 8, schedule: { kind: 'constant' } },
    optimizer: { kind: 'adamw', learningRate: 0.003 },
    augment: { crop: null },
    ...values,
  },
});

beforeAll(async () => {
  home = await temporaryFolder();
  process.env.VGGTUNE_CACHE = join(home, 'cache');
  data = await pictureFolder(12, join(home, 'pictures'));
  out = join(home, 'run');
  await train({ settings: Settings.of(source()), ...quiet });
});

afterAll(async () => {
  if (cacheBefore === undefined) delete process.env.VGGTUNE_CACHE;
  else process.env.VGGTUNE_CACHE = cacheBefore;
  await rm(home, { recursive: true, force: true });
});

describe('a trained run', () => {
  it('predicts files, folders and patterns, and reports what it cannot read', async () => {
    await writeFile(join(home, 'broken.png'), 'no image');
    const inputs = [
      join(data, 'red', '1.png'),
      join(data, 'blue'),
      join(data, 'green', '1*.png'),
      join(home, 'broken.png'),
    ];
    const found = await predict({ run: out, inputs, topK: 2, ...quiet });
    expect(found.map(({ path }) => path)).toHaveLength(1 + 12 + 3 + 1);
    const right = found.filter((entry) => {
      return 'guesses' in entry && entry.path.includes(`/${entry.guesses[0]?.label}/`);
    });
    expect(right.length).toBeGreaterThanOrEqual(14);
    const [first] = found;
    expect(first !== undefined && 'guesses' in first && first.guesses).toHaveLength(2);
    expect(found.at(-1)).toMatchObject({
      path: join(home, 'broken.png'),
      error: expect.any(String),
    });
  });

  it('takes a backslash in a pattern for what it is on each system', async () => {
    const folder = join(home, 'patterns');
    await mkdir(folder);
    await copyFile(join(data, 'red', '1.png'), join(folder, 'a[1].png'));
    const windows = await inputFiles([`${folder}\\a*.png`], 'win32');
    expect(windows).toEqual([join(folder, 'a[1].png')]);
    const posix = await inputFiles([join(folder, 'a\\[1\\].p*')], 'linux');
    expect(posix).toEqual([join(folder, 'a[1].png')]);
  });

  it('gives no result of files of which none can be read', async () => {
    const inputs = [1, 2, 3, 4].map((n) => join(home, `unreadable-${n}.png`));
    for (const path of inputs) await writeFile(path, 'no image');
    const error = {
      kind: 'data',
      exitCode: 3,
      message: 'none of the 4 files could be read',
      details: { found: expect.stringMatching(/unreadable-1\.png: no image.*; and 1 more$/) },
    };
    await expect(predict({ run: out, inputs, topK: 1, ...quiet })).rejects.toMatchObject(error);
    const dense = predictDense({ run: out, inputs, topK: 1, ...quiet });
    await expect(dense).rejects.toMatchObject(error);
  });

  it('refuses inputs that name nothing, and folders without a run', async () => {
    await mkdir(join(home, 'empty'));
    for (const input of ['nowhere.png', join(home, 'empty'), join(home, '*.jpg')]) {
      const none = predict({ run: out, inputs: [input], topK: 1, ...quiet });
      await expect(none, input).rejects.toMatchObject({ kind: 'data' });
    }
    const inputs = [data];
    const run = join(home, 'empty');
    await expect(predict({ run, inputs, topK: 1, ...quiet })).rejects.toMatchObject({
      kind: 'usage',
    });
  });

  it('is measured again from its pixels to the figures of the training', async () => {
    const written = JSON.parse(await readFile(join(out, 'metrics.json'), 'utf8'));
    const again = await evaluateRun({ run: out, ...quiet });
    expect(again.confusion).toEqual(written.confusion);
    expect(again.metrics.loss).toBeCloseTo(written.metrics.loss, 4);
  });

  it('has in predictions.csv the images of its metrics, and in report.html their figures', async () => {
    const { predictions, metrics, images } = await evaluateRun({ run: out, ...quiet });
    const text = await readFile(join(out, 'predictions.csv'), 'utf8');
    expect(parsePredictions(text, 'predictions.csv')).toEqual(predictions);
    expect(predictions).toHaveLength(images);
    const total = predictions.reduce((sum, { loss }) => sum + (loss ?? Number.NaN), 0);
    expect(total / images).toBe(metrics.loss);
    const right = predictions.filter(({ label, guesses }) => guesses[0]?.label === label);
    expect(right.length / images).toBe(metrics.accuracy);
    const page = await readFile(join(out, 'report.html'), 'utf8');
    expect(page).toContain(`${((metrics.accuracy ?? 0) * 100).toFixed(1)}\u00a0%`);
    await evaluateRun({ run: out, side: 'train', ...quiet });
    expect(await readFile(join(out, 'predictions.csv'), 'utf8')).toBe(text);
  });

  it('keeps the figures of the side that they are about, whatever else is measured', async () => {
    const file = () => readFile(join(out, 'metrics.json'), 'utf8');
    const before = await file();
    const trained = await evaluateRun({ run: out, side: 'train', ...quiet });
    expect(trained).toMatchObject({ side: 'train' });
    expect(trained.images).toBeGreaterThan(JSON.parse(before).images);
    expect(await file()).toBe(before);
    await rm(join(out, 'metrics.json'));
    await evaluateRun({ run: out, side: 'train', ...quiet });
    await expect(file()).rejects.toThrow('ENOENT');
    await evaluateRun({ run: out, ...quiet });
    expect(JSON.parse(await file())).toMatchObject({ side: 'val' });
  });

  it('is measured on other images, which are said to be such, and warns of those it knows', async () => {
    const warnings: string[] = [];
    const emit = (event: RunEvent) => event.type === 'warning' && warnings.push(event.message);
    const before = await readFile(join(out, 'metrics.json'), 'utf8');
    const all = await evaluateRun({ run: out, data, ...quiet, emit });
    expect(all.images).toBe(36);
    expect(all.data).toBe(data);
    expect(all.side).toBeUndefined();
    expect(await readFile(join(out, 'metrics.json'), 'utf8')).toBe(before);
    const split = JSON.parse(await readFile(join(out, 'split.json'), 'utf8'));
    expect(warnings).toEqual([
      expect.stringContaining(`${split.train.length} of the 36 images of ${data} were trained on`),
    ]);
    const text = figureLines(all).join('\n');
    expect(text).toContain(`36 images of ${data}`);
    expect(text).not.toContain('side');
  });

  it('is not measured on no images', async () => {
    for (const request of [{ side: 'test' }, { data, side: 'val' }] as const) {
      await expect(evaluateRun({ run: out, ...request, ...quiet })).rejects.toMatchObject({
        kind: 'data',
        exitCode: 3,
      });
    }
  });

  it('is exported elsewhere', async () => {
    const folder = join(home, 'elsewhere');
    const found = await exportRun({ run: out, formats: ['onnx'], out: folder, ...quiet });
    expect(found).toMatchObject([{ format: 'onnx', folder }]);
    expect((await readFile(join(folder, 'model.onnx'))).length).toBeGreaterThan(1e6);
  });

  it('is not overwritten unasked, and resumes only as the same run', async () => {
    await expect(train({ settings: Settings.of(source()), ...quiet })).rejects.toMatchObject({
      kind: 'usage',
      details: { fix: expect.stringContaining('--overwrite') },
    });
    const changed = train({
      settings: Settings.of(source({ batchSize: 4 })),
      resume: true,
      ...quiet,
    });
    await expect(changed).rejects.toMatchObject({
      details: { where: expect.stringContaining('batchSize') },
    });
    // Only the folder is named: everything else is the run's own.
    const sources = [{ origin: 'test', values: { out } }];
    const record = await train({ settings: Settings.of(...sources), resume: true, ...quiet });
    expect(record.plan.strategy).toBe('scratch');
  });
});

it.each(['head', 'top'])(
  '%s starts from a weights file and keeps its frozen layers',
  async (strategy) => {
    const weights = join(out, 'model', 'model.safetensors');
    const folder = join(home, `tuned-${strategy}`);
    // Steps from a head of random weights: a solved one may be better than what two epochs make of it.
    const head = { kind: 'linear', fit: 'steps' };
    const values = { strategy, weights, out: folder, epochs: 2, warmupEpochs: 0, head };
    const { plan } = await train({ settings: Settings.of(source(values)), ...quiet });
    const before = (await readSafetensors(weights)).tensors;
    const after = (await readSafetensors(join(folder, 'model', 'model.safetensors'))).tensors;
    const changed = changedNames(before, after).map((name) => name.split('.')[0]);
    expect([...new Set(changed)]).toEqual(plan.trained);
    expect(plan.frozen).toContain('conv1_1');
  },
);

it('a folder without images leaves no run folder behind', async () => {
  const values = { data: join(home, 'nowhere'), out: join(home, 'never') };
  await expect(train({ settings: Settings.of(source(values)), ...quiet })).rejects.toMatchObject({
    kind: 'data',
  });
  await expect(readFile(join(home, 'never', 'config.yaml'))).rejects.toThrow();
});
