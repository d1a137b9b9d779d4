import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { augmentationRng, drawAugmentation } from '../../src/dataset/augment.ts';
import { type BatchRequest, decodeBatches } from '../../src/dataset/batches.ts';
import { decodeImage } from '../../src/dataset/decode.ts';
import type { AugmentSpec } from '../../src/dataset/types.ts';
import { useTemporaryFolder, writePictures } from './images.ts';

const folder = useTemporaryFolder();
const spec = { size: 12, resize: 14, background: '#ffffff' };
const augment: AugmentSpec = {
  crop: { scale: [0.3, 1], ratio: [0.75, 4 / 3] },
  flip: 0.5,
  rotate: 20,
  brightness: 0.3,
  contrast: 0.3,
  saturation: 0.3,
  hue: 0.1,
};

async function request(count: number, more: Partial<BatchRequest> = {}): Promise<BatchRequest> {
  const paths = Array.from({ length: count }, (_, i) => `${i}.png`);
  await writePictures(folder(), paths);
  const images = paths.map((path, i) => ({ path, hash: `hash ${i}` }));
  return { root: folder(), images, spec, batchSize: 4, ...more };
}

async function collect(from: BatchRequest) {
  const batches = [];
  for await (const batch of decodeBatches(from)) batches.push(batch);
  return batches;
}

describe('batches', () => {
  test('come in order, the last one partial, with the pixels of each image', async () => {
    const batches = await collect(await request(10));
    expect(batches.map(({ indices }) => indices)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    const sixth = await decodeImage(join(folder(), '5.png'), spec);
    expect(batches[1]?.pixels.subarray(432, 864)).toEqual(sixth);
    expect(batches[2]?.pixels).toHaveLength(2 * 432);
  });

  test('report what went bad since the scan, with zeros for pixels', async () => {
    const from = await request(6);
    await writeFile(join(folder(), '1.png'), 'no longer an image');
    await rm(join(folder(), '4.png'));
    const batches = await collect(from);
    expect(batches[0]?.bad).toEqual([{ index: 1, reason: expect.stringContaining('no image') }]);
    expect(batches[1]?.bad).toEqual([{ index: 4, reason: 'no such file' }]);
    expect(batches[0]?.pixels.subarray(432, 864).every((value) => value === 0)).toBe(true);
    expect(batches[0]?.pixels.subarray(864).some((value) => value !== 0)).toBe(true);
  });

  test('a signal ends them as interrupted; leaving the loop ends them quietly', async () => {
    const abort = new AbortController();
    const from = await request(20, { signal: abort.signal });
    let seen = 0;
    const run = async () => {
      for await (const _ of decodeBatches(from)) if (++seen === 2) abort.abort();
    };
    await expect(run()).rejects.toMatchObject({ exitCode: 130 });
    expect(seen).toBe(2);
    for await (const batch of decodeBatches(await request(20))) {
      expect(batch.bad).toEqual([]);
      break;
    }
  });

  test.each([
    ['a bug of ours', new TypeError('x is not a function')],
    ['no open files left', Object.assign(new Error('EMFILE: too many'), { code: 'EMFILE' })],
    ['no memory left', Object.assign(new Error('ENOMEM: no memory'), { code: 'ENOMEM' })],
    ['a disk that fails', Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })],
  ])('%s is no damaged image: it ends them', async (_, cause) => {
    const fail = () => {
      throw cause;
    };
    const kept = { get: () => undefined, add: fail, bytes: 0 };
    const error = await collect(await request(6, { kept })).catch((thrown: unknown) => thrown);
    if (cause instanceof TypeError) expect(error).toBe(cause);
    else expect(error).toMatchObject({ kind: 'data', cause, details: { fix: expect.any(String) } });
  });

  test('of no images are none', async () => {
    expect(await collect(await request(0))).toEqual([]);
  });
});

describe('augmented views', () => {
  const viewOf = (view: number) => ({ kind: 'augmented', view }) as const;

  test('depend on seed, image and view: not on order, batch size or neighbours', async () => {
    const from = await request(9, { augment, seed: 5, view: viewOf(2) });
    const pixels = (await collect(from)).flatMap((batch) => [...batch.pixels]);
    const backwards = await collect({
      ...from,
      images: [...from.images].reverse(),
      batchSize: 1,
      ahead: 7,
    });
    expect(backwards.reverse().flatMap((batch) => [...batch.pixels])).toEqual(pixels);
    for (const other of [{ seed: 6 }, { view: viewOf(3) }]) {
      const changed = (await collect({ ...from, ...other })).flatMap((batch) => [...batch.pixels]);
      expect(changed).not.toEqual(pixels);
    }
  });

  test('can be chosen image by image', async () => {
    const from = await request(4, { augment });
    const [mixed] = await collect({
      ...from,
      view: (index) => (index === 1 ? viewOf(7) : { kind: 'plain' }),
    });
    const [plain] = await collect(from);
    const [seventh] = await collect({ ...from, view: viewOf(7) });
    expect(mixed?.pixels.subarray(0, 432)).toEqual(plain?.pixels.subarray(0, 432));
    expect(mixed?.pixels.subarray(432, 864)).toEqual(seventh?.pixels.subarray(432, 864));
    expect(mixed?.pixels.subarray(432, 864)).not.toEqual(plain?.pixels.subarray(432, 864));
  });
});

describe('drawn changes', () => {
  const draws = Array.from({ length: 4000 }, (_, view) =>
    drawAugmentation(augment, augmentationRng(1, 'hash', view), { width: 300, height: 200 }),
  );

  test('stay in their ranges and fill them', () => {
    for (const draw of draws) {
      const { left, top, width, height } = draw.crop ?? { left: -1, top: 0, width: 0, height: 0 };
      expect(left >= 0 && top >= 0 && left + width <= 300 && top + height <= 200).toBe(true);
      expect(width / height).toBeGreaterThan(0.74);
      expect(width / height).toBeLessThan(1.35);
    }
    const areas = draws.map(({ crop }) => ((crop?.width ?? 0) * (crop?.height ?? 0)) / 60_000);
    expect(Math.min(...areas)).toBeGreaterThan(0.29);
    expect(Math.min(...areas)).toBeLessThan(0.32);
    const angles = draws.map(({ angle }) => angle);
    expect(Math.min(...angles)).toBeCloseTo(-20, 0);
    expect(Math.max(...angles)).toBeCloseTo(20, 0);
    const flips = draws.filter(({ flip }) => flip).length;
    expect(Math.abs(flips - 2000)).toBeLessThan(100);
  });

  test('turning one change off leaves the others as they were', () => {
    const { crop, ...rest } = augment;
    expect(crop).toBeDefined();
    const size = { width: 300, height: 200 };
    const without = drawAugmentation({ ...rest, rotate: 0 }, createRng('x'), size);
    const all = drawAugmentation(augment, createRng('x'), size);
    expect(without).toEqual({ ...all, crop: undefined, angle: without.angle });
    expect(Math.abs(without.angle)).toBe(0);
  });

  test('an image too narrow for the ratios gives its largest centred crop', () => {
    const narrow = drawAugmentation(
      { ...augment, crop: { scale: [1, 1], ratio: [1, 1] } },
      createRng('x'),
      { width: 10, height: 100 },
    );
    expect(narrow.crop).toEqual({ left: 0, top: 45, width: 10, height: 10 });
  });
});
