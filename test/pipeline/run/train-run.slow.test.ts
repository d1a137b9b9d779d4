import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/base/events.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../../../src/config/schema.ts';
import { scanDataset } from '../../../src/dataset/scan.ts';
import { splitDataset } from '../../../src/dataset/split.ts';
import type { DatasetIndex } from '../../../src/dataset/types.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { trainRun } from '../../../src/pipeline/run/train-run.ts';
import { readRecord, writeRecord } from '../../../src/run/run-records.ts';
import { openRun } from '../../../src/run/store.ts';
import { testStorage } from '../../storage.ts';
import { testConfig } from '../../training/config.ts';
import { changedNames } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
let index: DatasetIndex;
const cacheBefore = process.env.VGGTUNE_CACHE;

beforeAll(async () => {
  home = await temporaryFolder();
  process.env.VGGTUNE_CACHE = join(home, 'cache');
  index = await scanDataset(await pictureFolder(10, join(home, 'pictures')));
});

afterAll(async () => {
  if (cacheBefore === undefined) delete process.env.VGGTUNE_CACHE;
  else process.env.VGGTUNE_CACHE = cacheBefore;
  await rm(home, { recursive: true, force: true });
});

interface RunOptions {
  readonly strategy: StrategyName;
  readonly config?: Partial<RunConfig>;
  readonly resume?: boolean;
  readonly onEvent?: (event: RunEvent, stop: () => void) => void;
}

async function run(name: string, { strategy, config: changes, resume, onEvent }: RunOptions) {
  const config = testConfig({ weights: 'random', out: join(home, name), ...changes });
  const split = splitDataset(index, config.split);
  const opened = await openRun(config.out, { resume: resume === true });
  const { signal, stop } = stopper();
  const events: RunEvent[] = [];
  const version = 1;
  await writeRecord(opened.paths, 'split', { version, classes: index.classes, ...split });
  await import('../../../src/run/run-records.ts').then((records) =>
    records.writeConfig(opened.paths, config),
  );
  try {
    const request = {
      config,
      strategy,
      index,
      split,
      storage: testStorage(),
      signal,
      evidence: [],
      ...(resume === true && { resume }),
      emit: (event: RunEvent) => {
        events.push(event);
        onEvent?.(event, stop);
      },
    };
    const record = await trainRun(request, opened.paths);
    return { record, events, paths: opened.paths };
  } finally {
    await opened.unlock();
  }
}

function stopper() {
  const controller = new AbortController();
  return { signal: controller.signal, stop: () => controller.abort() };
}

const weightsOf = async (name: string) =>
  (await readSafetensors(join(home, name, 'model', 'model.safetensors'))).tensors;

describe('a run', () => {
  it('leaves its records, checkpoints and verified models', async () => {
    const { record, events, paths } = await run('whole', { strategy: 'scratch' });
    expect((await readdir(paths.model)).sort()).toEqual(['model.onnx', 'model.safetensors']);
    expect((await readdir(join(paths.folder, 'checkpoints'))).sort()).toEqual([
      'best.safetensors',
      'last.safetensors',
    ]);
    expect(await readRecord(paths, 'metrics')).toEqual(record.metrics);
    expect(record.metrics?.images).toBe(record.split.val.length);
    expect(record.plan).toMatchObject({ strategy: 'scratch', frozen: [] });
    expect(record.plan.parameters.total).toBe(record.plan.parameters.trained);
    expect(events.filter((event) => event.type === 'file')).toHaveLength(2);
    const { metadata } = await readSafetensors(join(paths.model, 'model.safetensors'));
    expect(JSON.parse(metadata.labels ?? '')).toEqual(['blue', 'green', 'red']);
  });

  it('computes features once: a second run of `head` decodes nothing for training', async () => {
    const counted = async (name: string) => {
      const { events } = await run(name, { strategy: 'head' });
      return events.filter((event) => event.type === 'progress' && event.task === 'features');
    };
    expect((await counted('first')).length).toBeGreaterThan(0);
    expect(await counted('second')).toEqual([]);
    expect(changedNames(await weightsOf('first'), await weightsOf('second'))).toEqual([]);
  });

  it('gives the same weights without the cache', async () => {
    const files = await readdir(join(home, 'cache', 'features'));
    await run('uncached', { strategy: 'head', config: { cache: false } });
    expect(await readdir(join(home, 'cache', 'features'))).toEqual(files);
    expect(changedNames(await weightsOf('uncached'), await weightsOf('first'))).toEqual([]);
  });

  it('caches each view of an augmented image', async () => {
    const augment = { ...testConfig().augment, flip: 0.5, rotate: 20, views: 2 };
    const { events } = await run('views', { strategy: 'head', config: { augment, epochs: 3 } });
    const totals = events.flatMap((event) =>
      event.type === 'progress' && event.task === 'features' ? [event.total] : [],
    );
    const { train } = splitDataset(index, testConfig().split);
    expect(Math.max(...totals)).toBe(2 * train.length);
  });
});

describe.each(STRATEGIES)('%s, interrupted and resumed', (strategy) => {
  const augment = { ...testConfig().augment, flip: 0.5, brightness: 0.2, views: 0 };
  const config = { augment, warmupEpochs: 1, mixup: 0.1 };

  it('ends with the weights of the uninterrupted run, bit for bit', async () => {
    await run(`${strategy}-whole`, { strategy, config });
    let steps = 0;
    const onEvent = (event: RunEvent, stop: () => void) => {
      if (event.type === 'step' && ++steps === 2) stop();
    };
    const name = `${strategy}-broken`;
    await expect(run(name, { strategy, config, onEvent })).rejects.toMatchObject({
      kind: 'interrupted',
    });
    await expect(stat(join(home, name, 'model'))).rejects.toThrow();
    await run(name, { strategy, config, resume: true });
    const whole = await weightsOf(`${strategy}-whole`);
    expect(changedNames(whole, await weightsOf(name))).toEqual([]);
    const metrics = (of: string) => readFile(join(home, of, 'metrics.json'), 'utf8');
    expect(await metrics(name)).toBe(await metrics(`${strategy}-whole`));
  });
});

it('a resumed run freezes the same fitted batch norm', async () => {
  const head = { ...testConfig().head, kind: 'levels' } as const;
  const config = { head, weights: 'auto', freeze: 'fc8_norm', cache: false, epochs: 3 };
  await run('norm-whole', { strategy: 'head', config });
  const onEvent = (event: RunEvent, stop: () => void) => {
    if (event.type === 'epoch') stop();
  };
  const broken = run('norm-broken', { strategy: 'head', config, onEvent });
  await expect(broken).rejects.toMatchObject({ kind: 'interrupted' });
  await run('norm-broken', { strategy: 'head', config, resume: true });
  expect(changedNames(await weightsOf('norm-whole'), await weightsOf('norm-broken'))).toEqual([]);
});
