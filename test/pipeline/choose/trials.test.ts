import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/advisor/verdict.ts';
import type { StrategyName } from '../../../src/config/schema.ts';
import { Settings } from '../../../src/config/settings.ts';
import type { DatasetIndex, ImageEntry, Split } from '../../../src/dataset/types.ts';
import { isSolvedAlone, runSeconds } from '../../../src/pipeline/choose/trial-cost.ts';
import { trialEvidence } from '../../../src/pipeline/choose/trial-evidence.ts';
import {
  isBegun,
  openTrialsPlace,
  readTrial,
  trialFolder,
  writeTrial,
} from '../../../src/pipeline/choose/trial-record.ts';
import { trialSplits } from '../../../src/pipeline/choose/trial-splits.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';

const image = (i: number, side?: 'train' | 'val' | 'test'): ImageEntry => ({
  path: `${i % 2 === 0 ? 'a' : 'b'}/${i}.png`,
  hash: `hash-${i}`,
  label: i % 2,
  ...(side !== undefined && { side }),
});
const imagesOf = (from: number, to: number, side?: 'train' | 'val' | 'test') =>
  Array.from({ length: to - from }, (_, i) => image(from + i, side));
const indexOf = (images: readonly ImageEntry[]): DatasetIndex => ({
  root: '/data',
  classes: ['a', 'b'],
  images,
  skipped: [],
  layout: 'folders',
});
const split: Split = { train: imagesOf(0, 40), val: imagesOf(40, 50), test: imagesOf(50, 60) };
const paths = (images: readonly ImageEntry[]) => images.map(({ path }) => path).sort();

describe('the parts that strategies are tried on', () => {
  const all = [...split.train, ...split.val];
  const splits = trialSplits({ index: indexOf(imagesOf(0, 60)), split, groups: [] }, 0);

  it('begin with the validation part of the run itself', () => {
    expect(splits[0]).toBe(split);
    expect(splits.length).toBe(5);
  });

  it('hold out every image once, and train on the others of that part', () => {
    expect(paths(splits.flatMap(({ val }) => val))).toEqual(paths(all));
    for (const { train, val } of splits) expect(paths([...train, ...val])).toEqual(paths(all));
  });

  it('never have an image to test on', () => {
    const tested = new Set(paths(split.test));
    for (const part of splits.slice(1)) expect(part.test).toEqual([]);
    for (const { train, val } of splits) {
      expect([...train, ...val].filter(({ path }) => tested.has(path))).toEqual([]);
    }
  });

  it('keep what shows the same picture on one side', () => {
    const groups = [['hash-0', 'hash-2', 'hash-4']];
    for (const { val } of trialSplits({ index: indexOf(all), split, groups }, 0)) {
      const held = val.filter(({ hash }) => groups[0]?.includes(hash));
      expect([0, 3]).toContain(held.length);
    }
  });

  it('never train on a validation part that the user made', () => {
    const given = { ...split, val: imagesOf(40, 50, 'val') };
    const index = indexOf([...given.train, ...given.val]);
    const own = new Set(paths(given.val));
    for (const { train } of trialSplits({ index, split: given, groups: [] }, 0)) {
      expect(train.filter(({ path }) => own.has(path))).toEqual([]);
    }
  });
});

describe('what came of a trial', () => {
  const folder = useTemporaryFolder();
  const index = indexOf(imagesOf(0, 50));
  const config = Settings.of({ origin: 'test', values: { data: '/data' } }).for('top');
  const of = { config, index, split, startHash: 'start' };
  const placeOf = () => openTrialsPlace({ folder: folder() }, index);

  it('is read as it was written', async () => {
    const trial = { right: new Map([['a/0.png', true]]), epochs: 3, seconds: 1.5 };
    const path = trialFolder(await placeOf(), of);
    expect(await readTrial(path)).toBeUndefined();
    await writeTrial(path, trial);
    expect(await readTrial(path)).toMatchObject(trial);
    expect(await isBegun(path)).toBe(false);
  });

  it.each(['', '{', '[]', '{"version":2,"right":{},"epochs":1,"seconds":1}', '{"right":{"a":1}}'])(
    'is found again where %j is in its place',
    async (text) => {
      const path = trialFolder(await placeOf(), of);
      await writeTrial(path, { right: new Map(), epochs: 0, seconds: 0 });
      await writeFile(join(path, 'outcome.json'), text);
      expect(await readTrial(path)).toBeUndefined();
    },
  );

  it('is that of its settings, images and weights, wherever it is written and whatever is exported', async () => {
    const place = await placeOf();
    const own = trialFolder(place, of);
    const same = { ...config, out: 'elsewhere', export: ['onnx' as const], checkpointEvery: '1h' };
    expect(trialFolder(place, { ...of, config: same })).toBe(own);
    const others = [
      { ...of, config: { ...config, epochs: config.epochs + 1 } },
      { ...of, startHash: 'other' },
      { ...of, split: { ...split, train: split.train.slice(1) } },
      { ...of, index: { ...index, classes: ['b', 'a'] } },
    ];
    const folders = others.map((other) => trialFolder(place, other));
    expect(new Set([own, ...folders]).size).toBe(5);
  });

  it('has one lock for the images, and none where the cache cannot be written', async () => {
    const [place, again] = [await placeOf(), await placeOf()];
    expect(place).toEqual(again);
    const fewer = await openTrialsPlace({ folder: folder() }, indexOf(imagesOf(0, 49)));
    expect(fewer).not.toEqual(place);
    await writeFile(join(folder(), 'file'), '');
    const none = await openTrialsPlace({ folder: join(folder(), 'file') }, index);
    expect(none.isKept).toBe(false);
  });
});

describe('the cost of a run', () => {
  const costOf = (strategy: StrategyName, changes: object = {}) => {
    const values = { data: '/data', backbone: 'vgg-nano', ...changes };
    const config = Settings.of({ origin: 'test', values }).instead(strategy).for(strategy);
    const newLayers = strategy === 'scratch' ? new Set<string>() : new Set(['fc']);
    const images = { train: 80, val: 20 };
    return { strategy, config, classes: 5, newLayers, images, speed: 1e10 };
  };

  it('rises with what is trained, with the epochs, and with a refit', () => {
    const [top, all] = [costOf('top'), costOf('all')];
    expect(runSeconds(top, false)).toBeLessThan(runSeconds(all, false));
    const longer = costOf('all', { epochs: 2 * all.config.epochs });
    expect(runSeconds(longer, false)).toBeCloseTo(2 * runSeconds(all, false), 6);
    expect(runSeconds(all, true)).toBeGreaterThan(2 * runSeconds(all, false));
    expect(runSeconds({ ...all, speed: 2e10 }, false)).toBeCloseTo(runSeconds(all, false) / 2, 9);
  });

  it('of a solved output layer is the pass of the frozen layers', () => {
    const head = costOf('head');
    expect(isSolvedAlone(head)).toBe(true);
    expect(isSolvedAlone(costOf('head', { head: { fit: 'steps' } }))).toBe(false);
    expect(isSolvedAlone(costOf('top'))).toBe(false);
    expect(runSeconds(head, false)).toBeLessThan(runSeconds(costOf('top'), false));
  });
});

describe('what is said of trials', () => {
  const verdict: Verdict = {
    strategy: 'all',
    runnerUp: 'head',
    confidence: 0.8,
    regret: 0.01,
    difference: { mean: 0.031, low: -0.02, high: 0.08 },
    isClose: false,
  };
  const row = (strategy: StrategyName, accuracy: number) => ({
    ...{ strategy, folds: 2, images: 40, accuracy, epochs: [3, 3], seconds: 2 },
  });

  it('names what was tried, what was not, and how far the best is ahead', () => {
    const refused = { strategy: 'scratch' as const, reason: 'not allowed' };
    const said = trialEvidence(verdict, [row('all', 0.7), row('head', 0.65), refused]);
    expect(said).toEqual([
      'tried on training images left out: all 70.0 % of 40, head 65.0 % of 40',
      'not tried: top (too far behind to matter, or longer than --advise.budget)',
      'all is expected to be 3.1 points better than head (between -2.0 and 8.0)',
    ]);
  });

  it('is what was expected where nothing was tried', () => {
    expect(trialEvidence(verdict, [])).toHaveLength(1);
  });

  it('takes the cheaper of two that are as good as each other, and says so', () => {
    const close = { ...verdict, strategy: 'head', runnerUp: 'all', isClose: true } as const;
    expect(trialEvidence(close, []).join()).toContain('as good as each other');
    expect(trialEvidence(close, []).join()).toContain('head costs less');
  });

  it('compares nothing with itself', () => {
    expect(trialEvidence({ ...verdict, runnerUp: 'all' }, [])).toEqual([
      'all is all that the settings allow',
    ]);
  });
});
