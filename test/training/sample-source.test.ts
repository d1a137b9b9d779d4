import { describe, expect, it } from 'vitest';
import type { ForwardProgram } from '../../src/engines/engine.ts';
import {
  type PixelRequest,
  piecesOf,
  pixelSource,
  type ReadPixels,
  type RowSource,
  scaledRows,
  viewsByEpoch,
} from '../../src/training/sample-source.ts';
import { uncachedSource } from '../../src/training/uncached-features.ts';
import { rowSource } from './fixtures.ts';

/** All batches of a source, copied. */
async function batchesOf(source: RowSource, order: readonly number[], epoch = 0) {
  const all: { rows: number[]; positions: number[] }[] = [];
  for await (const { rows, positions } of source.batches(order, { batchSize: 2, epoch })) {
    all.push({ rows: [...rows], positions: [...positions] });
  }
  return all;
}

describe('views', () => {
  it.each([
    ['plain where nothing changes them', false, 3, [{ kind: 'plain' }, { kind: 'plain' }]],
    ['new in each epoch', true, 0, [0, 1, 2, 3].map((view) => ({ kind: 'augmented', view }))],
    ['taken in turn', true, 2, [0, 1, 0, 1].map((view) => ({ kind: 'augmented', view }))],
  ])('are %s', (_, augmented, views, expected) => {
    const viewOf = viewsByEpoch(augmented, views);
    expect(expected.map((__, epoch) => viewOf(epoch))).toEqual(expected);
  });
});

describe('pixels', () => {
  const images = ['a', 'b', 'c', 'd'].map((path, label) => ({ path, hash: path, label }));

  it('are read in the order asked for; those that are lost leave the others their labels', async () => {
    const asked: PixelRequest[][] = [];
    const seen: unknown[] = [];
    const readPixels: ReadPixels = async function* (requests, batchSize, options) {
      asked.push([...requests]);
      seen.push([batchSize, options]);
      yield { pixels: Uint8Array.of(7), positions: [1] };
      yield { pixels: Uint8Array.of(8), positions: [2] };
    };
    const view = (epoch: number) => ({ kind: 'augmented' as const, view: epoch });
    const source = pixelSource({ images, view, readPixels });
    expect(source.labels).toEqual([0, 1, 2, 3]);
    expect(await batchesOf(source, [3, 0, 2], 5)).toEqual([
      { rows: [7], positions: [0] },
      { rows: [8], positions: [2] },
    ]);
    const pictures = asked[0]?.map(({ image }) => image.path);
    expect(pictures).toEqual(['d', 'a', 'c']);
    expect(asked[0]?.map((request) => request.view)).toEqual([5, 5, 5].map((at) => view(at)));
    // The share that may be lost is one of all images, though a resumed epoch asks for the rest alone.
    expect(seen).toEqual([[2, { again: true, total: 4 }]]);
  });
});

it.each([
  [
    [1, 2, 3, 4, 5],
    [[1, 2], [3, 4], [5]],
  ],
  [[1, 2], [[1, 2]]],
  [[], []],
])('pieces of %j', (items, pieces) => {
  expect(piecesOf(items, 2)).toEqual(pieces);
});

describe('scaled rows', () => {
  it('are multiplied, and nothing else of them changes', async () => {
    const source = rowSource(
      [4, 5, 6],
      [1, 2, 3].map((x) => Float32Array.of(x, 10 * x)),
    );
    const scaled = scaledRows(source, 0.5);
    expect(scaled.labels).toEqual([4, 5, 6]);
    expect(await batchesOf(scaled, [2, 0, 1])).toEqual([
      { rows: [1.5, 15, 0.5, 5], positions: [2, 0] },
      { rows: [1, 10], positions: [1] },
    ]);
  });

  it('are none of pixels', async () => {
    const pixels = rowSource([0], [Uint8Array.of(1)]);
    await expect(batchesOf(scaledRows(pixels, 2), [0])).rejects.toThrow(TypeError);
  });
});

describe('fresh rows', () => {
  it('come from the frozen layers, in full batches, and give back what they hold', async () => {
    const counts: number[] = [];
    let released = 0;
    // Two numbers a picture of one byte.
    const prefix = {
      run: async (pixels: Uint8Array, count: number) => {
        counts.push(count);
        return Float32Array.from(
          { length: count * 2 },
          (_, i) => (pixels[i >> 1] ?? 0) + (i % 2) / 2,
        );
      },
      release: async () => {
        released++;
      },
    } as unknown as ForwardProgram;
    const pixels = rowSource(
      [0, 1, 2],
      [7, 8, 9].map((x) => Uint8Array.of(x)),
    );
    const source = uncachedSource({ pixels, prefix, rowLength: 2 });
    expect(source.labels).toEqual([0, 1, 2]);
    expect(await batchesOf(source, [2, 0, 1])).toEqual([
      { rows: [9, 9.5, 7, 7.5], positions: [2, 0] },
      { rows: [8, 8.5], positions: [1] },
    ]);
    expect(counts).toEqual([2, 2]);
    expect(released).toBe(0);
    await source.release();
    expect(released).toBe(1);
    const features = rowSource([0], [Float32Array.of(1)]);
    const wrong = uncachedSource({ pixels: features, prefix, rowLength: 2 });
    await expect(batchesOf(wrong, [0])).rejects.toThrow(TypeError);
  });
});
