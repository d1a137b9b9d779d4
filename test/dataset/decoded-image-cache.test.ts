import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BatchRequest, decodeBatches } from '../../src/dataset/batches.ts';
import { createDecodedImageCache } from '../../src/dataset/decoded-image-cache.ts';

const sides: Readonly<Record<string, number>> = {
  'small.png': 40,
  'edge.png': 128,
  'large.png': 129,
};
const augment = {
  crop: { scale: [0.5, 1], ratio: [0.75, 1.33] },
  ...{ flip: 0.5, rotate: 20, brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 },
} as const;

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kept-'));
  for (const [name, side] of Object.entries(sides)) {
    const pixels = Uint8Array.from(
      { length: side * side * 3 },
      (_, i) => Math.imul(i, 2654435761) >>> 24,
    );
    await sharp(pixels, { raw: { width: side, height: side, channels: 3 } }).toFile(
      join(root, name),
    );
  }
});
afterAll(() => rm(root, { recursive: true }));

async function decoded(view: number, extra: Partial<BatchRequest> = {}): Promise<Uint8Array[]> {
  const images = Object.keys(sides).map((path) => ({ path, hash: path }));
  const spec = { size: 32, resize: 36, background: '#ffffff' };
  const batches = decodeBatches({
    ...{ root, images, spec, augment, batchSize: 2 },
    view: { kind: 'augmented', view },
    ...extra,
  });
  const pixels: Uint8Array[] = [];
  for await (const batch of batches) {
    expect(batch.bad).toEqual([]);
    pixels.push(batch.pixels.slice());
  }
  return pixels;
}

describe('pictures that are kept', () => {
  test('give the same views as their files, in each epoch', async () => {
    const kept = createDecodedImageCache();
    for (const view of [0, 1, 2]) {
      const fromFiles = await decoded(view);
      expect(await decoded(view, { kept })).toEqual(fromFiles);
      expect(fromFiles).not.toEqual(await decoded(view + 3));
    }
  });

  test('are the small ones, and the files are not read again', async () => {
    const kept = createDecodedImageCache();
    const before = await decoded(0, { kept });
    expect(kept.bytes).toBe(3 * (40 * 40 + 128 * 128));
    await writeFile(join(root, 'small.png'), 'no picture any more');
    expect(await decoded(0, { kept })).toEqual(before);
  });

  test('take no more room than there is', () => {
    const picture = { width: 2, height: 2, pixels: Uint8Array.from({ length: 12 }, (_, i) => i) };
    const kept = createDecodedImageCache(30);
    for (const path of ['a', 'b', 'b', 'c']) kept.add(path, picture);
    expect(kept.bytes).toBe(24);
    expect(kept.get('b')).toEqual(picture);
    expect(kept.get('c')).toBeUndefined();
  });
});
