import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeThumbnail } from '../../src/dataset/decode.ts';
import { groupNearDuplicates } from '../../src/dataset/near-duplicate-groups.ts';
import { type Fingerprint, findNearDuplicates } from '../../src/dataset/near-duplicates.ts';
import {
  hashDistance,
  lumaOf,
  mirrored,
  perceptualHash,
  THUMBNAIL_SIDE,
} from '../../src/dataset/perceptual-hash.ts';
import { scanDataset } from '../../src/dataset/scan.ts';
import { splitDataset } from '../../src/dataset/split.ts';
import { buildEmojiFolder } from '../../src/pipeline/demo/demo-data.ts';
import { EMOJI_PACKAGE } from '../emoji-package.ts';
import { testStorage } from '../storage.ts';
import { useTemporaryFolder, write, writePictures } from './images.ts';

const folder = useTemporaryFolder();
const spec = { side: THUMBNAIL_SIDE, background: '#ffffff' };
const PHOTOS = ['rocket.jpg', 'chelsea.png'].map(
  (name) => new URL(`../fixtures/images/${name}`, import.meta.url).pathname,
);

/** Copies as people make them. */
async function copiesOf(path: string): Promise<Record<string, Buffer>> {
  const image = () => sharp(path).flatten({ background: '#ffffff' });
  const { width = 0, height = 0 } = await sharp(path).metadata();
  const cut = (share: number) => ({
    left: Math.round(width * share * 0.3),
    top: Math.round(height * share * 0.7),
    width: Math.round(width * (1 - share)),
    height: Math.round(height * (1 - share)),
  });
  const mirror = await image().flop().png().toBuffer();
  return {
    smaller: await image()
      .resize(Math.round(width * 0.5))
      .png()
      .toBuffer(),
    larger: await image()
      .resize(width * 2)
      .png()
      .toBuffer(),
    recompressed: await image().jpeg({ quality: 45 }).toBuffer(),
    mirrored: mirror,
    cropped: await image().extract(cut(0.05)).jpeg({ quality: 80 }).toBuffer(),
    'cropped more': await image().extract(cut(0.1)).png().toBuffer(),
    'mirrored and cropped': await sharp(mirror).extract(cut(0.05)).png().toBuffer(),
  };
}

const print = async (hash: string, source: string | Uint8Array): Promise<Fingerprint> => ({
  hash,
  thumbnail: await decodeThumbnail(source, spec),
});

describe('perceptual hash', () => {
  test('is that of the DCT written out', async () => {
    const luma = lumaOf(await decodeThumbnail(PHOTOS[0] ?? '', spec));
    const side = THUMBNAIL_SIDE;
    const term = (u: number, v: number) => {
      let sum = 0;
      luma.forEach((value, at) => {
        const [x, y] = [at % side, Math.floor(at / side)];
        const wave = (frequency: number, place: number) =>
          Math.cos((Math.PI * frequency * (place + 0.5)) / side);
        sum += value * wave(u, x) * wave(v, y);
      });
      return sum;
    };
    const all = Array.from({ length: 64 }, (_, at) => term(at % 8, Math.floor(at / 8)));
    const median = all.slice(1).sort((a, b) => a - b)[31] ?? 0;
    const [low, high] = perceptualHash(luma);
    const bits = all.map((_, at) => ((at < 32 ? low : high) >>> (at % 32)) & 1);
    expect(bits).toEqual(all.map((value, at) => (at > 0 && value > median ? 1 : 0)));
  });

  test('distance counts bits, mirroring twice is nothing', () => {
    expect(hashDistance([0xffffffff, 0], [0, 1])).toBe(33);
    const luma = Float32Array.from({ length: THUMBNAIL_SIDE ** 2 }, (_, at) => (at * 37) % 251);
    expect(mirrored(luma)[0]).toBe(luma[THUMBNAIL_SIDE - 1]);
    expect(mirrored(mirrored(luma))).toEqual(luma);
  });
});

describe('near-duplicates', () => {
  test.each(PHOTOS)('every copy of a photograph is found: %s', async (path) => {
    const copies = await copiesOf(path);
    for (const [name, copy] of Object.entries(copies)) {
      const prints = [await print('a', path), await print('b', copy)];
      expect(findNearDuplicates(prints), name).toEqual([['a', 'b']]);
    }
  });

  test('two photographs, and plain pictures, are not', async () => {
    const plain = async (value: number) =>
      sharp({
        create: { width: 40, height: 40, channels: 3, background: { r: value, g: 9, b: 9 } },
      })
        .png()
        .toBuffer();
    const prints = [
      ...(await Promise.all(PHOTOS.map((path) => print(path, path)))),
      await print('plain', await plain(100)),
      await print('plain too', await plain(103)),
    ];
    expect(findNearDuplicates(prints)).toEqual([]);
  });

  test('faces that differ by a mouth, hearts that differ in colour, are not', async () => {
    const root = join(folder(), 'emoji');
    await buildEmojiFolder({ source: EMOJI_PACKAGE, target: root, classes: ['faces', 'hearts'] });
    const index = await scanDataset(root);
    const groups = await groupNearDuplicates(index, {
      cache: testStorage().folder,
      background: '#ffffff',
    });
    expect(groups).toEqual([]);
  });
});

describe('in a data set', () => {
  let copies: Record<string, Buffer>;
  beforeAll(async () => {
    copies = await copiesOf(PHOTOS[1] ?? '');
  });

  async function planted(withCopies: boolean) {
    const root = join(folder(), 'planted');
    const names = Array.from({ length: 30 }, (_, i) => `${i % 2 === 0 ? 'a' : 'b'}/${i}.png`);
    await writePictures(root, names);
    await copyFile(PHOTOS[1] ?? '', join(root, 'a', 'original.png'));
    if (withCopies) {
      for (const [name, copy] of Object.entries(copies)) {
        await write(join(root, 'a', `${name}.img.png`), copy);
      }
    }
    return scanDataset(root);
  }

  test('planted copies are one group, on one side; the others stay where they were', async () => {
    const before = await planted(false);
    const index = await planted(true);
    const groups = await groupNearDuplicates(index, {
      cache: testStorage().folder,
      background: '#ffffff',
    });
    const hashes = index.images
      .filter(({ path }) => path.includes('original') || path.includes('.img'))
      .map(({ hash }) => hash);
    const own = groups.filter((group) => group.some((hash) => hashes.includes(hash)));
    expect(own).toEqual([hashes.sort()]);

    for (const seed of [0, 1, 2]) {
      const shares = { val: 0.3, test: 0.2, seed };
      const split = splitDataset(index, { ...shares, groups: own });
      const sides = [split.train, split.val, split.test].filter((side) =>
        side.some(({ hash }) => hashes.includes(hash)),
      );
      expect(sides).toHaveLength(1);
      expect(split.train.length + split.val.length + split.test.length).toBe(index.images.length);
      const unrelated = (side: readonly { path: string; hash: string }[]) =>
        side.filter(({ hash }) => !hashes.includes(hash)).map(({ path }) => path);
      const was = splitDataset(before, shares);
      for (const side of ['train', 'val', 'test'] as const) {
        expect(unrelated(split[side])).toEqual(unrelated(was[side]));
      }
    }
  });

  test('what was found is remembered, and found again where the memory is damaged', async () => {
    const index = await planted(true);
    const options = { cache: testStorage().folder, background: '#ffffff' };
    const first = await groupNearDuplicates(index, options);
    const memory = join(folder(), 'cache', 'near-duplicates');
    const [file = ''] = await readdir(memory);
    await write(join(memory, file), JSON.stringify([['x', 'y']]));
    expect(await groupNearDuplicates(index, options)).toEqual([['x', 'y']]);
    await write(join(memory, file), '{"no": "groups"}');
    expect(await groupNearDuplicates(index, options)).toEqual(first);
  });
});
