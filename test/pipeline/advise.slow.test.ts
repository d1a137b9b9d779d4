import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { Emit } from '../../src/base/events.ts';
import type { ConfigSource } from '../../src/config/resolve.ts';
import { Settings } from '../../src/config/settings.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { advise } from '../../src/pipeline/advise.ts';
import { train } from '../../src/pipeline/train.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { recorder, useTemporaryFolder, write, writePictures } from '../dataset/images.ts';
import { testStorage } from '../storage.ts';
import { pictureFolder } from './pictures.ts';

const folder = useTemporaryFolder();
const { signal } = new AbortController();

/** Weights from a file: for the advisor they are pretrained, whatever they have learned. */
async function pretrained(seed = 3): Promise<string> {
  const path = join(folder(), 'nano.safetensors');
  const network = buildNetwork({
    backbone: 'vgg-nano',
    head: { kind: 'linear', dropout: 0.2, hidden: 256 },
    classes: 2,
    preprocessing: plainPreprocessing(64),
  });
  await writeSafetensors(path, randomWeights(network, seed), {});
  return path;
}

function sourcesOf(data: string, weights: string, more: object = {}): ConfigSource[] {
  const out = join(folder(), 'run');
  const advise = { budget: '0' };
  return [
    {
      origin: 'test',
      values: { data, out, weights, backbone: 'vgg-nano', epochs: 3, advise, ...more },
    },
  ];
}

async function adviceOn(
  data: string,
  options: { weights?: string; estimates?: boolean; more?: object } = {},
) {
  const { weights = await pretrained(), estimates = false, more } = options;
  const { emit } = recorder();
  return advise({
    settings: Settings.of(...sourcesOf(data, weights, more)),
    storage: testStorage(),
    estimates,
    signal,
    emit,
  });
}

test('coloured squares: measured at three depths, with everything in the report', async () => {
  const data = await pictureFolder(14, join(folder(), 'pictures'));
  const report = await adviceOn(data, { estimates: true });
  expect(report.similarity.state).toBe('measured');
  expect(report.similarity.depths.map(({ name }) => name)).toEqual(['pool3', 'pool4', 'pool5']);
  expect(report.size).toMatchObject({ verdict: 'small', classes: 3 });
  expect(report.data).toMatchObject({ images: 42, skipped: 0 });
  // Two of the squares are nearly the same picture: one of them alone is measured.
  expect(report.duplicates.nearImages).toBe(2);
  expect(report.sample?.images).toBe(report.data.sides.train - 1);
  expect(report.size.images).toBe(report.data.sides.train - 1);
  // Without trials it is what small networks do best by on average.
  expect(report.advice).toMatchObject({ strategy: 'all', freeze: null });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  for (const estimate of report.estimates) {
    if ('reason' in estimate) throw new Error(estimate.reason);
    expect(estimate.seconds).toBeGreaterThan(0);
    expect(estimate.memory).toBeGreaterThan(50e6);
    expect(estimate.cache > 0).toBe(['head', 'top', 'all'].includes(estimate.strategy));
  }
  expect(report.estimates.map(({ strategy }) => strategy)).toEqual([
    ...['head', 'all', 'top', 'scratch'],
  ]);
});

test('weights that are those of the control gain nothing; others are told apart from it', async () => {
  const data = await pictureFolder(8, join(folder(), 'pictures'));
  const probes = async (seed: number) => {
    const { similarity } = await adviceOn(data, { weights: await pretrained(seed) });
    if (similarity.state !== 'measured') throw new Error(similarity.reason);
    expect(similarity.gain).toBeLessThanOrEqual(0);
    return similarity.depths.map(({ probe, random }) => ({ probe, random }));
  };
  // The control is drawn with the run's seed, 0.
  const control = await probes(0);
  for (const { probe, random } of control) expect(random).toBe(probe);
  const other = await probes(3);
  expect(other.map(({ random }) => random)).toEqual(control.map(({ random }) => random));
});

test('the same advice each time', async () => {
  const data = await pictureFolder(8, join(folder(), 'pictures'));
  expect(await adviceOn(data)).toEqual(await adviceOn(data));
});

test('random weights: similarity is not measured, and it says what it does', async () => {
  const data = await pictureFolder(6, join(folder(), 'pictures'));
  const report = await adviceOn(data, { weights: 'random' });
  expect(report.similarity.state).toBe('unmeasured');
  expect(report.advice.strategy).toBe('scratch');
  expect(report.advice.evidence.join(' ')).toContain('similarity cannot be measured');
});

test('weights that cannot be had: advice by size, named an assumption', async () => {
  const data = await pictureFolder(6, join(folder(), 'pictures'));
  const values = { backbone: 'vgg11', image: { size: 32 }, weights: 'auto' };
  const sources = [...sourcesOf(data, 'auto'), { origin: 'test', values }];
  const { emit } = recorder();
  const report = await advise({
    settings: Settings.of(...sources),
    storage: testStorage(),
    offline: true,
    estimates: false,
    signal,
    emit,
  });
  expect(report.similarity).toMatchObject({ state: 'unmeasured' });
  expect(report.advice.confidence.level).toBe('low');
  expect(report.advice.evidence.join(' ')).toContain('not a measurement');
});

test('two images a class get an answer', async () => {
  const data = await pictureFolder(2, join(folder(), 'pictures'));
  const report = await adviceOn(data);
  // One of them is held back: a probe has nothing left to be tested on, and gives no figures.
  expect(report.size.perClass.most).toBe(1);
  expect(report.similarity).toMatchObject({ state: 'unmeasured', depths: [] });
  expect(report.similarity.reason).toContain('two different images');
  expect(report.advice).toMatchObject({ strategy: 'head', confidence: { level: 'low' } });
  expect(report.advice.evidence.join(' ')).toContain('not a measurement');
});

test('500 classes, most of them with one image: a sample of the others is measured', async () => {
  const data = join(folder(), 'many');
  const names = Array.from({ length: 600 }, (_, i) => `c${i < 500 ? i : i % 20}/${i}.png`);
  await writePictures(data, names);
  const report = await adviceOn(data);
  expect(report.size.classes).toBe(500);
  // Pictures of their own each: what they have in common within a class is nothing.
  expect(report.sample?.classes).toBe(20);
  expect(report.advice.strategy).toBeDefined();
});

test('every image the same: nothing separates, and no guess is called a measurement', async () => {
  const data = join(folder(), 'same');
  for (const name of ['a', 'b']) {
    for (let i = 0; i < 6; i++) {
      // One picture; a comment in the file gives each other bytes.
      const picture = sharp({
        create: { width: 40, height: 40, channels: 3, background: { r: 200, g: 30, b: 30 } },
      });
      const png = await picture.withExif({ IFD0: { ImageDescription: `${name} ${i}` } }).png();
      await mkdir(join(data, name), { recursive: true });
      await write(join(data, name, `${i}.png`), await png.toBuffer());
    }
  }
  const report = await adviceOn(data);
  expect(report.similarity.state).toBe('unmeasured');
  expect(report.advice.confidence.level).toBe('low');
});

test('images of 8 x 8 pixels get an answer', async () => {
  const data = join(folder(), 'tiny');
  for (let i = 0; i < 20; i++) {
    const value = 40 * (i % 2) + 5 * i;
    const image = sharp({
      create: { width: 8, height: 8, channels: 3, background: { r: value, g: 99, b: 255 - value } },
    });
    await write(join(data, i % 2 === 0 ? 'a' : 'b', `${i}.png`), await image.png().toBuffer());
  }
  expect((await adviceOn(data)).advice.strategy).toBeDefined();
});

test('train --strategy auto takes the advice, and plan.json has the evidence', async () => {
  const data = await pictureFolder(8, join(folder(), 'pictures'));
  const weights = await pretrained();
  const { emit } = recorder();
  const found = await adviceOn(data, { weights });
  const record = await train({
    settings: Settings.of(...sourcesOf(data, weights)),
    storage: testStorage(),
    signal,
    emit,
  });
  expect(record.plan.strategy).toBe(found.advice.strategy);
  const plan = await readFile(join(record.folder, 'plan.json'), 'utf8');
  expect(plan).toContain('linear probe');
  expect(plan).toContain('runner-up');
  if (found.advice.freeze !== null) expect(record.config.freeze).toBe(found.advice.freeze);
});

describe('trials', () => {
  const sources = async (weights: string, budget: string) => {
    const data = await pictureFolder(12, join(folder(), 'pictures'));
    return sourcesOf(data, weights, {
      image: { size: 32 },
      split: { val: 0.3, test: 0 },
      epochs: 1,
      schedule: { warmup: 0 },
      advise: { budget },
    });
  };
  const adviceBy = (asked: readonly ConfigSource[], emit: Emit = () => {}, aborted = signal) =>
    advise({
      settings: Settings.of(...asked),
      storage: testStorage(),
      estimates: false,
      signal: aborted,
      emit,
    });
  const tried = (report: Awaited<ReturnType<typeof adviceBy>>) =>
    (report.trials ?? []).map((row) => {
      if ('reason' in row) throw new Error(row.reason);
      return row;
    });

  test('all that there is time for, each on the same parts; the choice is remembered', async () => {
    const { emit, events } = recorder();
    const asked = await sources(await pretrained(), '1h');
    const report = await adviceBy(asked, emit);
    const rows = tried(report);
    expect(rows.map(({ strategy }) => strategy).sort()).toEqual(['all', 'head', 'scratch', 'top']);
    // The square that two classes share is left out with its copies.
    for (const { images, accuracy } of rows) {
      expect(images).toBeGreaterThan(30);
      expect(accuracy).toBeGreaterThanOrEqual(0);
    }
    expect(
      new Set(rows.filter(({ strategy }) => strategy !== 'head').map(({ folds }) => folds)),
    ).toEqual(new Set([5]));
    const { advice } = report;
    expect(advice.difference?.low).toBeLessThanOrEqual(advice.difference?.mean ?? Number.NaN);
    expect(advice.evidence.join()).toContain('tried on training images left out');
    expect(events).toContainEqual(expect.objectContaining({ type: 'progress', task: 'trial' }));

    const again = recorder();
    expect((await adviceBy(asked, again.emit)).advice).toEqual(advice);
    expect(again.events.some((event) => event.type === 'progress' && event.task === 'trial')).toBe(
      false,
    );

    const record = await train({
      settings: Settings.of(...asked),
      storage: testStorage(),
      signal,
      emit: () => {},
    });
    expect(record.plan.strategy).toBe(advice.strategy);
    expect(record.plan.evidence.join()).toContain('tried on training images left out');
  });

  test('that are interrupted go on where they were', async () => {
    const asked = await sources(await pretrained(), '1h');
    const aborter = new AbortController();
    let epochs = 0;
    const emit: Emit = (event) => {
      if (event.type === 'progress' && event.task === 'trial' && ++epochs === 4) aborter.abort();
    };
    await expect(adviceBy(asked, emit, aborter.signal)).rejects.toMatchObject({
      kind: 'interrupted',
      details: { fix: expect.stringContaining('start it again to go on') },
    });
    const { emit: listen, events } = recorder();
    await adviceBy(asked, listen);
    const stages = events.flatMap((event) => (event.type === 'stage' ? [event.message] : []));
    expect(stages.filter((message) => message.endsWith(', known')).length).toBeGreaterThan(1);
  });

  test('are not run against a wish, and not for random weights', async () => {
    const none = await adviceBy(await sources(await pretrained(), '0'));
    expect(none).not.toHaveProperty('trials');
    expect(none.advice.difference).toBeDefined();
    const random = await adviceBy(await sources('random', '1h'));
    expect(random).not.toHaveProperty('trials');
    expect(random.advice.strategy).toBe('scratch');
  });
});

test('one image, copied to all classes: nothing can be tried, and there is an advice all the same', async () => {
  const data = join(folder(), 'copies');
  const square = await sharp({
    create: { width: 64, height: 64, channels: 3, background: '#c04020' },
  })
    .png()
    .toBuffer();
  for (const name of ['a/1', 'a/2', 'b/1', 'b/2']) await write(join(data, `${name}.png`), square);
  const report = await adviceOn(data, { more: { advise: { budget: 'auto' } } });
  expect(report.trials).toBeUndefined();
  expect(report.advice.strategy).toBe('head');
});
