import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { createPixelReader, type PixelReaderOptions } from '../../src/training/pixel-reader.ts';
import type { PixelRequest } from '../../src/training/sample-source.ts';

const SIZE = 4;
let root: string;

/** Ten pictures of one grey each, 10 times their number; those of 2 and 7 are cut, that of 5 is gone. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vggtune-pixels-test-'));
  for (let at = 0; at < 10; at++) {
    const background = { r: 10 * at, g: 10 * at, b: 10 * at };
    const plain = { width: SIZE, height: SIZE, channels: 3, background } as const;
    const bytes = await sharp({ create: plain }).png().toBuffer();
    const isCut = at === 2 || at === 7;
    if (at !== 5) await writeFile(join(root, `${at}.png`), isCut ? bytes.subarray(0, 50) : bytes);
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

const requestOf = (at: number): PixelRequest => ({
  image: { path: `${at}.png`, hash: `${at}`, label: 0 },
  view: { kind: 'plain' },
});

function reader(changes: Partial<PixelReaderOptions> = {}) {
  const events: RunEvent[] = [];
  const read = createPixelReader({
    root,
    spec: { size: SIZE, resize: SIZE, background: '#ffffff' },
    augment: { flip: 0, rotate: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
    ...{ seed: 0, maxPixels: 1e6, onBad: 'skip', emit: (event) => events.push(event) },
    ...changes,
  });
  return { read, events };
}

/** Each batch: the positions, and the grey of each picture. */
async function batchesOf(
  read: ReturnType<typeof createPixelReader>,
  numbers: readonly number[],
  options: Parameters<typeof read>[2] = { total: 100 },
) {
  const all: [number[], number[]][] = [];
  for await (const { pixels, positions } of read(numbers.map(requestOf), 4, options)) {
    const bytes = SIZE * SIZE * 3;
    expect(pixels).toHaveLength(positions.length * bytes);
    const greys = positions.map((_, row) => pixels[row * bytes] ?? -1);
    greys.forEach((grey, row) => {
      expect(new Set(pixels.subarray(row * bytes, (row + 1) * bytes))).toEqual(new Set([grey]));
    });
    all.push([[...positions], greys]);
  }
  return all;
}

describe('pixels of a data set', () => {
  it('come in batches in the order asked for', async () => {
    const { read, events } = reader();
    expect(await batchesOf(read, [9, 0, 3, 1, 8])).toEqual([
      [
        [0, 1, 2, 3],
        [90, 0, 30, 10],
      ],
      [[4], [80]],
    ]);
    expect(events).toEqual([]);
  });

  it('of images that cannot be read are left out, and the others keep their places', async () => {
    const { read, events } = reader();
    expect(await batchesOf(read, [2, 9, 5, 1, 7])).toEqual([
      [
        [1, 3],
        [90, 10],
      ],
      [[], []],
    ]);
    const skipped = ['2.png', '5.png', '7.png'];
    const told = events.map((event) => event.type === 'image-skipped' && event.path);
    expect(told).toEqual(skipped);
  });

  it('are told as lost once, however often they are asked for', async () => {
    const { read, events } = reader();
    for (const again of [true, true, false]) await batchesOf(read, [2, 3], { again, total: 100 });
    expect(events).toHaveLength(1);
  });

  it('fail when more than a fifth of a pass is lost, of all its images', async () => {
    const six = [2, 0, 1, 3, 4, 5];
    await expect(batchesOf(reader().read, six, {})).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('2 of 6 images'),
      details: { where: root },
    });
    expect(await batchesOf(reader().read, six, { total: 10 })).toHaveLength(2);
    expect(await batchesOf(reader().read, [2, 0, 1, 3, 4, 6], {})).toHaveLength(2);
  });

  it('fail at the first image that is lost, where that is asked for', async () => {
    const { read, events } = reader({ onBad: 'fail' });
    await expect(batchesOf(read, [0, 2])).rejects.toMatchObject({
      exitCode: 3,
      message: '2.png cannot be decoded',
      details: { where: '2.png', fix: expect.stringContaining('image.onBad') },
    });
    expect(events).toEqual([]);
  });
});
