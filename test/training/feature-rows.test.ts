import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { takeLock } from '../../src/base/lock.ts';
import type { ForwardProgram } from '../../src/engines/engine.ts';
import {
  buildFeatures,
  type FeatureWork,
  featureSource,
  runFull,
} from '../../src/training/feature-rows.ts';
import { openFeatureStore } from '../../src/training/feature-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-rows-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const COUNT = 6;
const requests = Array.from({ length: COUNT }, (_, i) => ({
  image: { path: `${i}.png`, hash: `hash ${i}`, label: 0 },
  view: { kind: 'plain' as const },
}));

/** A prefix of one number an image, slow enough that two workers meet, and what it was asked for. */
function slowPrefix() {
  const seen: number[] = [];
  const run = async (rows: ArrayLike<number>, count: number) => {
    await delay(20);
    const values = Float32Array.from({ length: count }, (_, i) => rows[i] ?? 0);
    seen.push(...values);
    return values;
  };
  const program = { run, release: async () => {} } as unknown as ForwardProgram;
  return { seen, program };
}

interface Worker {
  readonly controller?: AbortController;
  readonly notes?: string[];
}

async function work(
  { program }: ReturnType<typeof slowPrefix>,
  { controller = new AbortController(), notes = [] }: Worker = {},
) {
  const { signal } = controller;
  const store = await openFeatureStore({ folder, rowLength: 1, emit: () => {} });
  const exclusive = async <T>(compute: () => Promise<T>) => {
    const onWait = () => notes.push('waits');
    const options = { busy: 'busy', patience: 60_000, signal, onWait };
    const unlock = await takeLock(join(folder, 'lock'), options);
    return compute().finally(unlock);
  };
  const table = await buildFeatures({
    ...{ store, requests, exclusive, signal, emit: () => {} },
    keyOf: ({ image }) => image.hash,
    prefix: async () => program,
    batchSize: 1,
    readPixels: async function* (wanted) {
      for (const [at, { image }] of wanted.entries()) {
        yield { pixels: Uint8Array.of(Number.parseInt(image.path, 10)), positions: [at] };
      }
    },
  });
  const rows = new Float32Array(COUNT);
  await table.read(
    requests.map((_, at) => at),
    rows,
  );
  await store.close();
  return [...rows];
}

describe('two that want the same activations at once', () => {
  it('compute each once: one waits, and reads', async () => {
    const prefix = slowPrefix();
    const notes: string[] = [];
    const both = await Promise.all([work(prefix, { notes }), work(prefix, { notes })]);
    expect(both).toEqual([
      [0, 1, 2, 3, 4, 5],
      [0, 1, 2, 3, 4, 5],
    ]);
    expect(prefix.seen).toEqual([0, 1, 2, 3, 4, 5]);
    expect(notes).toEqual(['waits']);
  });

  it('go on where the first was interrupted', async () => {
    const prefix = slowPrefix();
    const controller = new AbortController();
    const first = work(prefix, { controller });
    const second = delay(10).then(() => work(prefix));
    setTimeout(() => controller.abort(), 50);
    await expect(first).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await second).toEqual([0, 1, 2, 3, 4, 5]);
    expect(prefix.seen).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

it('an image that is missing in one of its views is left out in all: its row there would be zeros', async () => {
  const images = requests.slice(0, 3).map(({ image }, label) => ({ ...image, label }));
  // Two views; the second image could be decoded in the first view alone.
  const present = [true, true, true, true, false, true];
  const read = async (positions: readonly number[], into: Float32Array) => into.set(positions);
  const source = featureSource({ images, table: { present, read }, views: 2, rowLength: 1 });
  expect(source.labels).toEqual([0, 2]);
  const rows: number[][] = [];
  for (const epoch of [0, 1]) {
    for await (const batch of source.batches([0, 1], { batchSize: 2, epoch })) {
      rows.push([...batch.rows]);
    }
  }
  expect(rows).toEqual([
    [0, 2],
    [3, 5],
  ]);
});

describe('features', () => {
  /** What was asked for: batches of pixels, runs of the prefix, and events. */
  async function build(changes: Partial<FeatureWork> = {}) {
    const events: RunEvent[] = [];
    const runs: number[] = [];
    let [compiled, released] = [0, 0];
    const store = await openFeatureStore({ folder, rowLength: 1, emit: () => {} });
    const program = {
      run: async (rows: ArrayLike<number>, count: number) => {
        runs.push(count);
        return Float32Array.from({ length: count }, (_, i) => 10 * (rows[i] ?? 0));
      },
      release: async () => void released++,
    } as unknown as ForwardProgram;
    const work = buildFeatures({
      ...{ store, requests, signal: new AbortController().signal, batchSize: 4 },
      emit: (event) => events.push(event),
      keyOf: ({ image }) => image.hash,
      prefix: async () => {
        compiled++;
        return program;
      },
      readPixels: async function* (wanted, size) {
        for (let at = 0; at < wanted.length; at += size) {
          const some = wanted.slice(at, at + size);
          const pixels = Uint8Array.from(some, ({ image }) => Number.parseInt(image.path, 10));
          yield { pixels, positions: some.map((_, i) => at + i) };
        }
      },
      ...changes,
    });
    const table = await work.catch(async (error) => {
      await store.close();
      throw error;
    });
    const read = async (...positions: number[]) => {
      const rows = new Float32Array(positions.length);
      await table.read(positions, rows);
      return [...rows];
    };
    const close = () => store.close();
    return { table, read, close, events, runs, counts: () => ({ compiled, released }) };
  }

  it('are computed in batches of one size, told as they come, and given back in any order', async () => {
    const { table, read, close, events, runs, counts } = await build();
    expect(table.present).toEqual([true, true, true, true, true, true]);
    expect(await read(5, 0, 3)).toEqual([50, 0, 30]);
    // The last batch of two is filled up: a row does not depend on how many others there are.
    expect(runs).toEqual([4, 4]);
    const told = events.map((event) => event.type === 'progress' && [event.task, event.done]);
    expect(told).toEqual([0, 4, 6].map((done) => ['features', done]));
    expect(events).toMatchObject(events.map(() => ({ total: 6, unit: 'images' })));
    expect(counts()).toEqual({ compiled: 1, released: 1 });
    await close();
  });

  it('are read back, from memory or from the disk, without the frozen layers', async () => {
    await (await build()).close();
    for (const memoryLimit of [6 * 4, 6 * 4 - 1, 0]) {
      const again = await build({ memoryLimit });
      expect(again.counts().compiled).toBe(0);
      expect(again.events).toEqual([]);
      expect(await again.read(5, 0, 3)).toEqual([50, 0, 30]);
      await again.close();
    }
  });

  it('that are missing alone are computed', async () => {
    await (await build({ requests: requests.slice(0, 2) })).close();
    const rest = await build();
    expect(rest.runs).toEqual([4]);
    const told = rest.events.map((event) => event.type === 'progress' && event.done);
    expect(told).toEqual([2, 6]);
    expect(await rest.read(0, 1, 2, 5)).toEqual([0, 10, 20, 50]);
    await rest.close();
  });

  it('of images that cannot be read are missing, and nothing else', async () => {
    const { table, read, close } = await build({
      readPixels: async function* () {
        yield { pixels: Uint8Array.of(1, 4), positions: [1, 4] };
        yield { pixels: new Uint8Array(), positions: [] };
      },
    });
    expect(table.present).toEqual([false, true, false, false, true, false]);
    expect(await read(1, 4)).toEqual([10, 40]);
    await close();
  });

  it('that change on the disk while they are used are no rows', async () => {
    const { read, close } = await build({ memoryLimit: 0 });
    await rm(folder, { recursive: true });
    await expect(read(0)).rejects.toThrow(/changed while they were in use/);
    await close();
  });

  it('are kept as far as they came when the frozen layers fail', async () => {
    const fails = async function* () {
      yield { pixels: Uint8Array.of(3), positions: [3] };
      throw new Error('no such file');
    };
    await expect(build({ readPixels: fails })).rejects.toThrow('no such file');
    const rest = await build();
    expect(rest.events[0]).toMatchObject({ done: 1 });
    await rest.close();
  });
});

describe('a batch of the frozen layers', () => {
  const program = {
    run: async (pixels: Uint8Array, count: number) => Float32Array.of(count, ...pixels),
  } as unknown as ForwardProgram;
  const run = async (count: number, ...pixels: number[]) => [
    ...(await runFull(program, { pixels: Uint8Array.from(pixels), count }, 3)),
  ];

  it('is filled up with zeros to its full size', async () => {
    expect(await run(2, 1, 2, 3, 4)).toEqual([3, 1, 2, 3, 4, 0, 0]);
    expect(await run(3, 1, 2, 3)).toEqual([3, 1, 2, 3]);
    expect(await run(0)).toEqual([]);
  });
});

describe('rows of features', () => {
  const images = requests.slice(0, 5).map(({ image }, label) => ({ ...image, label }));
  const source = (read: (positions: readonly number[], into: Float32Array) => Promise<void>) =>
    featureSource({
      images,
      table: { present: images.map(() => true), read },
      views: 1,
      rowLength: 1,
    });

  it('come in the order asked for, the next batch beside the one in use', async () => {
    const asked: number[][] = [];
    const read = async (positions: readonly number[], into: Float32Array) => {
      asked.push([...positions]);
      into.set(positions.map((at) => at + 0.5));
    };
    const seen: unknown[] = [];
    const { labels, images: kept, batches } = source(read);
    for await (const batch of batches([4, 2, 0, 1, 3], { batchSize: 2, epoch: 7 })) {
      seen.push([[...batch.rows], [...batch.positions], asked.length]);
    }
    expect(labels).toEqual([0, 1, 2, 3, 4]);
    expect(kept).toEqual(images);
    expect(seen).toEqual([
      [[4.5, 2.5], [4, 2], 2],
      [[0.5, 1.5], [0, 1], 3],
      [[3.5], [3], 3],
    ]);
  });

  it('of nothing are none', async () => {
    const batches = source(async () => {}).batches([], { batchSize: 2, epoch: 0 });
    for await (const _ of batches) throw new Error('there is none');
  });

  it('that cannot be read end the epoch, where they are wanted', async () => {
    const read = async (positions: readonly number[]) => {
      if (positions.includes(2)) throw new Error('the disk fails');
    };
    const seen: (readonly number[])[] = [];
    const epoch = async (order: readonly number[], most: number) => {
      for await (const { positions } of source(read).batches(order, { batchSize: 1, epoch: 0 })) {
        seen.push(positions);
        if (seen.length === most) break;
      }
    };
    await expect(epoch([0, 2, 1], 9)).rejects.toThrow('the disk fails');
    expect(seen).toEqual([[0]]);
    // A reader that has enough is not told of what it never asked for.
    await epoch([0, 2], 2);
  });
});
