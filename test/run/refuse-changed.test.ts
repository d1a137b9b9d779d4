import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../src/config/schema.ts';
import type { PlanRecord, SplitRecord } from '../../src/run/record.ts';
import {
  refuseChangedConfig,
  refuseChangedImages,
  refuseChangedWeights,
} from '../../src/run/refuse-changed.ts';
import { testConfig } from '../training/config.ts';

const EARLY_STOP = { metric: 'loss', patience: 3, minDelta: 0 } as const;

/** The error that something throws, or undefined. */
function refusal(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('the config of a resumed run', () => {
  const before = testConfig();
  const HEAD = { head: { ...before.head, dropout: 0.125 } };
  const refusalOf = (changes: Partial<RunConfig>, was = before) =>
    refusal(() => refuseChangedConfig('runs/x', was, { ...was, ...changes }));

  it.each([
    { out: 'elsewhere' },
    { data: 'moved' },
    { export: ['onnx'] as RunConfig['export'] },
    { cache: 'other' as unknown as RunConfig['cache'] },
    { engine: 'tensorflow' as RunConfig['engine'] },
    { device: 'gpu' as RunConfig['device'] },
    { checkpointEvery: '1h' },
  ])('may have other keys that change no weight: %j', (changes) => {
    expect(refusalOf(changes)).toBeUndefined();
  });

  it('may have the same values in other objects', () => {
    expect(refusalOf(structuredClone(before))).toBeUndefined();
  });

  it.each([
    ['a number', { seed: before.seed + 1 }, 'seed', `seed: ${before.seed}`],
    ['a value in a group', HEAD, 'head.dropout', `head.dropout: ${before.head.dropout}`],
    ['a group where there was none', { earlyStop: EARLY_STOP }, 'earlyStop', 'earlyStop: null'],
    ['a value where there was none', { freeze: 'conv4_3' }, 'freeze', 'freeze: null'],
  ])('is refused with %s that differs, by its key', (_, changes, key, expected) => {
    expect(refusalOf(changes)).toMatchObject({
      kind: 'usage',
      details: {
        where: `runs/x, ${key}`,
        expected,
      },
    });
  });

  it('with more epochs is refused with the way to train longer', () => {
    expect(refusalOf({ epochs: before.epochs + 5 })).toMatchObject({
      details: { fix: expect.stringMatching(/^to train longer, .*--overwrite/) },
    });
    expect(refusalOf({ epochs: before.epochs + 5, seed: before.seed + 1 })).toMatchObject({
      details: { fix: expect.not.stringContaining('longer') },
    });
  });

  it('is refused without a group that there was', () => {
    const was = testConfig({ earlyStop: EARLY_STOP });
    expect(refusalOf({ earlyStop: null }, was)).toMatchObject({
      details: { where: 'runs/x, earlyStop', found: 'earlyStop: null' },
    });
  });

  it('is refused with a list that differs, as one value', () => {
    const now = { class: 2 } as unknown as RunConfig['seed'];
    const lists = [
      [1, 2],
      [1, 3],
    ].map((list) => ({ ...before, seed: list as unknown as number }));
    const [one = before, other = before] = lists;
    expect(refusal(() => refuseChangedConfig('runs/x', one, other))).toMatchObject({
      details: { where: 'runs/x, seed', expected: 'seed: [1,2]', found: 'seed: [1,3]' },
    });
    expect(refusal(() => refuseChangedConfig('runs/x', one, { ...one, seed: now }))).toMatchObject({
      details: { where: 'runs/x, seed', found: 'seed: {"class":2}' },
    });
  });

  it('is refused with a key that one of both lacks, in either direction', () => {
    const { labelSmoothing: _, ...without } = before;
    const less = without as RunConfig;
    expect(refusal(() => refuseChangedConfig('runs/x', before, less))).toMatchObject({
      details: { where: 'runs/x, labelSmoothing', found: 'labelSmoothing: nothing' },
    });
    expect(refusal(() => refuseChangedConfig('runs/x', less, before))).toMatchObject({
      details: { where: 'runs/x, labelSmoothing', expected: 'labelSmoothing: nothing' },
    });
  });
});

describe('the images of a resumed run', () => {
  const image = (path: string, label = 0) => ({ path, hash: `hash of ${path}`, label });
  const split: SplitRecord = {
    version: 1,
    classes: ['cat', 'dog'],
    train: [image('1.png'), image('2.png', 1)],
    val: [image('3.png')],
    test: [image('4.png', 1)],
  };
  const refusalOf = (changes: Partial<SplitRecord>) =>
    refusal(() => refuseChangedImages('runs/x', split, { ...split, ...changes }));

  it('may come in another order, and their classes too', () => {
    const turned = (images: SplitRecord['val']) =>
      images.map((one) => ({ ...one, label: 1 - one.label })).reverse();
    const now = {
      classes: ['dog', 'cat'],
      ...{ train: turned(split.train), val: turned(split.val), test: turned(split.test) },
    };
    expect(refusalOf(now)).toBeUndefined();
  });

  it.each([
    ['another content', { train: [image('1.png'), { ...image('2.png', 1), hash: 'x' }] }, '2.png'],
    ['another class', { val: [image('3.png', 1)] }, '3.png'],
    ['another side', { val: [], test: [...split.test, image('3.png')] }, '3.png'],
  ])('are refused when one has %s, and it is named', (_, changes, path) => {
    expect(refusalOf(changes)).toMatchObject({
      kind: 'data',
      details: {
        expected: 'the 4 images of runs/x/split.json',
        found: `1 changed: ${path}`,
        where: 'runs/x',
      },
    });
  });

  it('are refused when one is new, or gone', () => {
    expect(refusalOf({ val: [image('3.png'), image('0.png')] })).toMatchObject({
      details: { found: '1 added: 0.png' },
    });
    expect(refusalOf({ val: [] })).toMatchObject({ details: { found: '1 removed: 3.png' } });
  });

  it.each([
    [5, '5 added: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg'],
    [7, '7 added: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, and 2 more'],
  ])('name at most five of %i in order, and count the rest', (count, found) => {
    const added = Array.from({ length: count }, (_, at) => image(`${count - 1 - at}.jpg`));
    expect(refusalOf({ test: [...split.test, ...added] })).toMatchObject({ details: { found } });
  });
});

describe('the weights of a resumed run', () => {
  const plan: PlanRecord = {
    ...{ version: 1, strategy: 'head', evidence: [], frozen: [], trained: ['fc8'] },
    parameters: { total: 1, trained: 1 },
  };
  const refusalOf = (before: Partial<PlanRecord>, now: Partial<PlanRecord>) =>
    refusal(() =>
      refuseChangedWeights('runs/x', {
        before: { ...plan, ...before },
        now: { ...plan, ...now },
      }),
    );

  it('are taken where they are those that it began from, or nobody knows which it began from', () => {
    expect(refusalOf({ startHash: 'a' }, { startHash: 'a' })).toBeUndefined();
    expect(refusalOf({}, { startHash: 'a' })).toBeUndefined();
  });

  it('are refused when they are others: the file is named', () => {
    const now = { startHash: 'b', provenance: { file: 'w.pth', source: 'a file' } };
    expect(refusalOf({ startHash: 'a' }, now)).toMatchObject({
      kind: 'data',
      details: {
        expected: expect.stringContaining('the hash a'),
        found: 'the hash b',
        where: 'w.pth',
        fix: expect.stringContaining('put the file back'),
      },
    });
  });

  it('are refused when they are others: their source is named, or else the run', () => {
    const published = { startHash: 'b', provenance: { source: 'torchvision' } };
    expect(refusalOf({ startHash: 'a' }, published)).toMatchObject({
      details: { where: 'torchvision', fix: expect.stringContaining('the vggtune that began it') },
    });
    expect(refusalOf({ startHash: 'a' }, {})).toMatchObject({
      details: { where: 'runs/x', found: 'the hash unknown' },
    });
  });
});
