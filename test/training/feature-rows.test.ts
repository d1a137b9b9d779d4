import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../src/base/lock.ts';
import type { ForwardProgram } from '../../src/engines/engine.ts';
import { buildFeatures, featureSource } from '../../src/training/feature-rows.ts';
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
