import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../src/config/schema.ts';
import {
  type FeatureReader,
  openPhaseSamples,
  type SampleReader,
} from '../../src/training/phase-samples.ts';
import type { ImageRows, ReadPixels } from '../../src/training/sample-source.ts';
import type { TrainPhase } from '../../src/training/train-plan.ts';
import { testConfig } from './config.ts';

const image = (path: string, label: number) => ({ path, hash: path, label });
const split = {
  train: [image('a', 0), image('b', 1)],
  val: [image('c', 2)],
  test: [image('d', 3)],
};

/** A reader that writes down what it is asked for, and may fail. */
function recorder(fails?: 'cached' | 'uncached') {
  const seen: string[] = [];
  const rows = (images: readonly { path: string; label: number }[]) =>
    ({ labels: images.map(({ label }) => label) }) as unknown as ImageRows;
  const tell = (what: 'cached' | 'uncached', images: readonly { path: string }[]) => {
    seen.push(`${what} ${images.map(({ path }) => path).join('')}`);
    if (fails === what) throw new Error(`no ${what}`);
  };
  const features: FeatureReader = {
    async cached(images, views) {
      tell('cached', images);
      seen.push(`views ${views}`);
      return rows(images);
    },
    async uncached(images) {
      tell('uncached', images);
      return { ...rows(images), release: async () => void seen.push('release rows') };
    },
    release: async () => void seen.push('release features'),
  };
  const readPixels: ReadPixels = async function* (requests) {
    seen.push(requests.map(({ image: { path }, view }) => path + JSON.stringify(view)).join(' '));
  };
  const reader: SampleReader = {
    pixels: readPixels,
    async features(from) {
      seen.push(`from ${from}`);
      return features;
    },
  };
  return { seen, reader };
}

const phase = (changes: Partial<TrainPhase>) =>
  ({ name: 'main', refit: false, from: 3, ...changes }) as TrainPhase;
const augment = (changes: Partial<RunConfig['augment']>) => ({
  augment: { ...testConfig().augment, ...changes },
});

async function open(
  changes: Partial<TrainPhase>,
  { augmented = {}, sides = split }: { augmented?: object; sides?: typeof split } = {},
) {
  const { seen, reader } = recorder();
  const options = { reader, config: augment(augmented), split: sides };
  return { seen, sources: await openPhaseSamples(phase(changes), options) };
}

describe('a phase above frozen layers', () => {
  it('reads images as they are from the cache, those of validation first', async () => {
    const { seen, sources } = await open({});
    expect(seen).toEqual(['from 3', 'cached c', 'views 0', 'cached ab', 'views 0']);
    expect([sources.train.labels, sources.validation?.labels]).toEqual([[0, 1], [2]]);
    await sources.release();
    expect(seen.at(-1)).toBe('release features');
  });

  it('reads the cached views of training images alone', async () => {
    const { seen } = await open({}, { augmented: { flip: 0.5, views: 4 } });
    expect(seen.slice(1)).toEqual(['cached c', 'views 0', 'cached ab', 'views 4']);
  });

  it('runs the frozen layers as it goes where every epoch has new views', async () => {
    const { seen, sources } = await open({}, { augmented: { flip: 0.5, views: 0 } });
    expect(seen.slice(1)).toEqual(['cached c', 'views 0', 'uncached ab']);
    expect(sources.train.labels).toEqual([0, 1]);
    await sources.release();
    expect(seen.slice(-2)).toEqual(['release rows', 'release features']);
  });

  it('sees images as they are in a warm-up, which only places the head', async () => {
    const { seen } = await open({ name: 'warm-up' }, { augmented: { flip: 0.5, views: 0 } });
    expect(seen.slice(3)).toEqual(['cached ab', 'views 0']);
  });

  it('has nothing to be judged by in a refit, which trains on the validation images too', async () => {
    const { seen, sources } = await open({ refit: true });
    expect(seen.slice(1)).toEqual(['cached abc', 'views 0']);
    expect(sources.validation).toBeUndefined();
  });

  it('has nothing to be judged by where nothing is held out', async () => {
    const { seen, sources } = await open({}, { sides: { ...split, val: [] } });
    expect(seen.slice(1)).toEqual(['cached ab', 'views 0']);
    expect('validation' in sources).toBe(false);
  });

  it.each(['cached', 'uncached'] as const)(
    'gives back what it holds when %s fails',
    async (what) => {
      const { seen, reader } = recorder(what);
      const options = { reader, config: augment({ flip: 1, views: 0 }), split };
      await expect(openPhaseSamples(phase({}), options)).rejects.toThrow(`no ${what}`);
      expect(seen.at(-1)).toBe('release features');
    },
  );
});

describe('a phase from the first layer on', () => {
  const drain = async (source: { batches: ImageRows['batches'] } | undefined, epoch: number) => {
    for await (const _ of source?.batches([0], { batchSize: 1, epoch }) ?? []) break;
  };

  it('reads pixels: views of training images, validation images as they are', async () => {
    const { seen, sources } = await open({ from: 0 }, { augmented: { flip: 0.5, views: 2 } });
    await drain(sources.train, 3);
    await drain(sources.validation, 3);
    expect(seen).toEqual(['a{"kind":"augmented","view":1}', 'c{"kind":"plain"}']);
    await sources.release();
  });

  it('reads images as they are where nothing changes them', async () => {
    const { seen, sources } = await open({ from: 0 });
    await drain(sources.train, 3);
    expect(seen).toEqual(['a{"kind":"plain"}']);
  });

  it('trains on the validation images too in a refit', async () => {
    const { sources } = await open({ from: 0, refit: true });
    expect(sources.train.labels).toEqual([0, 1, 2]);
    expect('validation' in sources).toBe(false);
  });
});
