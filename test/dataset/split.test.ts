import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/hash.ts';
import { splitDataset } from '../../src/dataset/split.ts';
import type { DatasetIndex, ImageEntry, Side, Split } from '../../src/dataset/types.ts';
import { recorder } from './images.ts';

function image(
  path: string,
  label: number,
  more: { content?: string; side?: Side } = {},
): ImageEntry {
  const entry = { path, label, hash: sha256(more.content ?? path) };
  return more.side === undefined ? entry : { ...entry, side: more.side };
}

function indexOf(images: readonly ImageEntry[], root = '/data'): DatasetIndex {
  const classes = [...new Set(images.map(({ label }) => label))].sort().map((c) => `class ${c}`);
  return { root, layout: 'folders', classes, images, skipped: [] };
}

const many = (classes: number, each: number) =>
  Array.from({ length: classes * each }, (_, i) => image(`${i % classes}/${i}.png`, i % classes));

function sidesOf(split: Split): Map<string, Side> {
  const sides = (['train', 'val', 'test'] as const).flatMap((side) =>
    split[side].map(({ path }) => [path, side] as const),
  );
  expect(new Set(sides.map(([path]) => path)).size).toBe(sides.length);
  return new Map(sides);
}

const shares = { val: 0.2, test: 0.1, seed: 3 };

describe('the dice', () => {
  test('give each class its share', () => {
    const split = splitDataset(indexOf(many(4, 500)), shares);
    expect(sidesOf(split).size).toBe(2000);
    for (let label = 0; label < 4; label++) {
      const count = (side: Side) => split[side].filter((entry) => entry.label === label).length;
      // Three standard deviations of a binomial count: 27 of 100 and 20 of 50.
      expect(Math.abs(count('val') - 100)).toBeLessThan(27);
      expect(Math.abs(count('test') - 50)).toBeLessThan(20);
    }
  });

  test('depend on content and seed alone: not on root, path, or the order of files', () => {
    const images = many(3, 40);
    const split = splitDataset(indexOf(images), shares);
    const moved = images.map((entry) => ({ ...entry, path: `new/${entry.path}` })).reverse();
    const again = splitDataset(indexOf(moved, '/elsewhere'), shares);
    for (const [path, side] of sidesOf(split)) expect(sidesOf(again).get(`new/${path}`)).toBe(side);
    const other = splitDataset(indexOf(images), { ...shares, seed: 4 });
    expect(sidesOf(other)).not.toEqual(sidesOf(split));
  });

  test('keep their say when images are added or taken away', () => {
    const images = many(3, 200);
    const all = sidesOf(splitDataset(indexOf(images), shares));
    const half = sidesOf(splitDataset(indexOf(images.slice(0, 300)), shares));
    for (const [path, side] of half) expect(all.get(path)).toBe(side);
  });

  test('a larger test share takes from train, never from val', () => {
    const images = many(3, 200);
    const before = sidesOf(splitDataset(indexOf(images), { ...shares, test: 0 }));
    const after = sidesOf(splitDataset(indexOf(images), { ...shares, test: 0.3 }));
    for (const [path, side] of before) if (side === 'val') expect(after.get(path)).toBe('val');
  });
});

describe('small classes', () => {
  test.each([
    [1, ['train']],
    [2, ['train', 'val']],
    [3, ['test', 'train', 'val']],
    [4, ['test', 'train', 'val']],
  ])('a class of %i is on %j', (count, sides) => {
    for (let seed = 0; seed < 60; seed++) {
      const images = [...many(1, count), image('1/a.png', 1), image('1/b.png', 1)];
      const split = splitDataset(indexOf(images), { ...shares, seed });
      const own = (['test', 'train', 'val'] as const).filter((side) =>
        split[side].some(({ label }) => label === 0),
      );
      expect(own).toEqual(sides);
    }
  });

  test('with one image: named in a warning', () => {
    const { emit, messages, warnings } = recorder();
    splitDataset(indexOf([...many(1, 10), image('1/a.png', 1)]), { ...shares, emit });
    expect(warnings()).toEqual(['single-image-class']);
    expect(messages()[0]).toContain('class 1 has one image:');
  });

  test('many with one image, and copies of one: one warning that counts them', () => {
    const { emit, messages, warnings } = recorder();
    const images = Array.from({ length: 500 }, (_, label) => image(`${label}/a.png`, label));
    splitDataset(indexOf([...many(1, 10), ...images.slice(1)]), { ...shares, emit });
    expect(warnings()).toEqual(['single-image-class']);
    expect(messages()[0]).toMatch(/^499 classes have one image each: .*, and 494 more$/);

    const copies = ['1/a.png', '1/b.png'].map((path) => image(path, 1, { content: 'x' }));
    splitDataset(indexOf([...many(1, 10), ...copies]), { ...shares, emit });
    expect(messages()[1]).toContain('class 1 has one image (and copies of it)');
  });

  test('shares of zero leave their sides empty', () => {
    const split = splitDataset(indexOf(many(2, 50)), { val: 0, test: 0, seed: 1 });
    expect(split.train).toHaveLength(100);
  });
});

describe('identical files', () => {
  test('are on one side, whatever their names', () => {
    const images = Array.from({ length: 300 }, (_, i) =>
      image(`${i % 2}/${i}.png`, i % 2, { content: `content ${Math.floor(i / 6)} ${i % 2}` }),
    );
    const sides = sidesOf(splitDataset(indexOf(images), shares));
    const byContent = new Map<string, Set<Side | undefined>>();
    for (const { hash, path } of images) {
      byContent.set(hash, (byContent.get(hash) ?? new Set()).add(sides.get(path)));
    }
    expect(byContent.size).toBe(100);
    for (const found of byContent.values()) expect(found.size).toBe(1);
  });

  test('in two classes: on one side, and named', () => {
    const { emit, messages, warnings } = recorder();
    const images = [
      ...many(2, 20),
      image('0/twin.png', 0, { content: 'x' }),
      image('1/twin.png', 1, { content: 'x' }),
    ];
    const sides = sidesOf(splitDataset(indexOf(images), { ...shares, emit }));
    expect(sides.get('0/twin.png')).toBe(sides.get('1/twin.png'));
    expect(warnings()).toEqual(['conflicting-labels']);
    expect(messages()[0]).toMatch(
      /^1 image is in more than one class .*: 0\/twin.png = 1\/twin.png$/,
    );
  });

  test('a thousand copies do not make a message of a thousand names', () => {
    const { emit, messages } = recorder();
    const copies = Array.from({ length: 1000 }, (_, i) =>
      image(`${i % 2}/copy ${i}.png`, i % 2, { content: 'x' }),
    );
    splitDataset(indexOf([...many(2, 20), ...copies]), { ...shares, emit });
    expect(messages()[0]).toMatch(/copy 4\.png = and 995 more$/);
  });
});

describe('sides that the data set gives', () => {
  const given = (side: Side, count: number, from = 0) =>
    Array.from({ length: count }, (_, i) =>
      image(`${side}/${i % 2}/${from + i}.png`, i % 2, { side }),
    );

  test('are kept', () => {
    const images = [...given('train', 20), ...given('val', 6), ...given('test', 4)];
    const split = splitDataset(indexOf(images), shares);
    for (const [path, side] of sidesOf(split)) expect(path.startsWith(`${side}/`)).toBe(true);
    expect(sidesOf(split).size).toBe(30);
  });

  test('a missing val is taken from train', () => {
    const images = [...given('train', 200), ...given('test', 20)];
    const split = splitDataset(indexOf(images), shares);
    expect(split.test).toHaveLength(20);
    expect(split.val.length).toBeGreaterThan(15);
    expect(split.val.every(({ side }) => side === 'train')).toBe(true);
    expect(split.train.length + split.val.length).toBe(200);
  });

  test('a leak stays in the strongest side and is named', () => {
    const { emit, messages, warnings } = recorder();
    const leak = (side: Side, content: string) =>
      image(`${side}/0/${content}.png`, 0, { side, content });
    const images = [
      ...given('train', 20),
      ...given('val', 6, 100),
      ...given('test', 4, 200),
      ...[
        leak('train', 'x'),
        leak('val', 'x'),
        leak('train', 'y'),
        leak('test', 'y'),
        leak('val', 'y'),
      ],
    ];
    const sides = sidesOf(splitDataset(indexOf(images), { ...shares, emit }));
    expect(sides.size).toBe(32);
    expect(sides.get('val/0/x.png')).toBe('val');
    expect(sides.get('test/0/y.png')).toBe('test');
    expect(warnings()).toEqual(['leak']);
    expect(messages()[0]).toContain('2 images are on more than one side');
    expect(messages()[0]).toContain('train/0/x.png = val/0/x.png');
  });

  test('a class without a training image is named; no training image at all is an error', () => {
    const { emit, warnings } = recorder();
    const lonely = image('val/2/z.png', 2, { side: 'val' });
    splitDataset(indexOf([...given('train', 20), lonely]), { ...shares, emit });
    expect(warnings()).toEqual(['class-not-in-train']);
    expect(() => splitDataset(indexOf(given('val', 4)), shares)).toThrow(VggtuneError);
  });

  test('images without a side beside ones that have one train', () => {
    const images = [...given('train', 10), ...given('val', 4), image('0/new.png', 0)];
    expect(sidesOf(splitDataset(indexOf(images), shares)).get('0/new.png')).toBe('train');
  });
});

test('shares that leave nothing to train on are refused', () => {
  expect(() => splitDataset(indexOf(many(2, 5)), { val: 0.6, test: 0.4, seed: 0 })).toThrow(
    'leave nothing to train on',
  );
});
