import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VggtuneError } from '../../src/base/errors.ts';
import type { RunEvent } from '../../src/base/events.ts';
import { sideOf } from '../../src/dataset/candidates.ts';
import { scanDataset } from '../../src/dataset/scan.ts';
import type { DatasetIndex } from '../../src/dataset/types.ts';
import { useTemporaryFolder, writePictures } from './images.ts';

const folder = useTemporaryFolder();

async function scan(images: readonly string[], lists: Readonly<Record<string, string>> = {}) {
  await mkdir(folder(), { recursive: true });
  await writePictures(folder(), [...images]);
  for (const [name, text] of Object.entries(lists)) await writeFile(join(folder(), name), text);
  const events: RunEvent[] = [];
  const index = await scanDataset(folder(), { emit: (event) => events.push(event) });
  const texts = events.flatMap((event) => ('message' in event ? [event.message] : []));
  return { index, text: texts.join('\n') };
}

const sides = ({ images, classes }: DatasetIndex) =>
  images.map(({ side, label }) => `${side ?? '-'} ${classes[label]}`).sort();

const both = (...places: readonly string[]) =>
  places.flatMap((place) => [`${place}/cats/1.png`, `${place}/dogs/2.png`]);

describe('layouts that archives have', () => {
  test.each<[string, string, string]>([
    ['training_set and test_set', 'training_set', 'test_set'],
    ['a folder in itself, as of a competition', 'seg_train/seg_train', 'seg_test/seg_test'],
    ['images inside of each', 'train/images', 'test/images'],
    ['years', 'train2017', 'test2017'],
    ['capitals', 'Training', 'Testing'],
  ])('%s', async (_, train, test_) => {
    const { index, text } = await scan(both(train, test_));
    expect(index.classes).toEqual(['cats', 'dogs']);
    expect(sides(index)).toEqual(['test cats', 'test dogs', 'train cats', 'train dogs']);
    expect(text).toContain(`${train.split('/')[0]}/ is train`);
  });

  test('images right inside of test/ are told', async () => {
    const { text } = await scan([...both('train'), 'test/a.png', 'test/b.png']);
    expect(text).toMatch(/2 images lie directly in test\/.*predict/);
  });

  test('one class in two Unicode forms, and classes that look alike', async () => {
    const [composed, apart] = ['café', 'café'].map((name, at) =>
      name.normalize(at === 0 ? 'NFC' : 'NFD'),
    );
    const { index, text } = await scan([
      `train/${composed}/1.png`,
      `val/${apart}/2.png`,
      'train/Dogs/3.png',
      'val/dogs/4.png',
    ]);
    expect(index.classes).toEqual(['Dogs', composed, 'dogs'].sort());
    expect(text).toContain('"Dogs" and "dogs"');
  });

  test('class folders that all hold the same folders', async () => {
    const { text } = await scan(both('set_a', 'set_b'));
    expect(text).toMatch(/set_a, set_b all hold the folders cats, dogs/);
  });

  test.each<[string, string[], string]>([
    ['one level', ['photos'], 'photos'],
    ['several levels', ['archive/set/photos'], join('archive', 'set', 'photos')],
    ['one level, above subsets', ['photos/train', 'photos/val'], 'photos'],
    ['one level, with a folder of notes', ['photos'], 'photos'],
  ])('%s too high names the path that is meant', async (_, places, meant) => {
    const lists = places.length > 1 ? {} : { 'notes.txt': 'x' };
    const error = await scan(both(...places), lists).catch((thrown: unknown) => thrown);
    expect((error as VggtuneError).details.fix).toMatch(
      new RegExp(`give ${join(folder(), meant).replaceAll('\\', '.')}$`),
    );
  });

  test('images right inside of train/ and test/ are no classes of these names', async () => {
    const names = ['cat.0', 'cat.1', 'dog.0', 'dog.1'].map((name) => `train/${name}.png`);
    await expect(scan([...names, 'test/1.png'])).rejects.toMatchObject({
      exitCode: 3,
      details: {
        found: expect.stringMatching(/4 images directly in train\//),
        fix: expect.stringMatching(/begin with the class \(cat, dog\).*list\.csv/),
      },
    });
  });

  test('so is a train/ alone, and what its images are called says nothing', async () => {
    await rm(folder(), { recursive: true });
    await expect(scan(['train/1.png', 'train/2.png'])).rejects.toMatchObject({
      details: { fix: expect.not.stringContaining('list.csv') },
    });
  });

  test('images beside the class folders, and beside those of val/, are told', async () => {
    const { text } = await scan([...both('train', 'val'), 'val/a.png']);
    expect(text).toMatch(/1 image lies directly in val\//);
    await rm(folder(), { recursive: true });
    const beside = await scan([...both('.'), 'a.png']);
    expect(beside.text).toMatch(/1 images lie directly in .*ignored/);
  });

  test.each([
    ['a space at its end', 'dogs', 'dogs '],
    ['an underscore for a space', 'golden_retriever', 'golden retriever'],
    ['zeros before a number', '1', '01'],
    ['an accent', 'café', 'cafe'],
  ])('classes that differ by %s are warned of', async (_, one, other) => {
    const images = [`train/${one}/1.png`, `val/${other}/2.png`, 'train/x/3.png', 'val/x/4.png'];
    const { text } = await scan(images);
    expect(text).toContain(`"${one}" and "${other}"`);
  });
});

test('an image whose name does not say so is listed, other files are not', async () => {
  const { index } = await scan(both('.'), {
    'cats/notes': 'nothing',
    'dogs/P5': 'P5 1 1 255 x',
    // What a phone keeps beside its photographs.
    'dogs/IMG_1.AAE': '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist>\n<plist/>',
  });
  expect(index.skipped).toEqual([
    { path: 'dogs/P5', reason: expect.stringContaining('of the kind ppm by its content') },
  ]);
});

describe('lists among the images', () => {
  const images = ['train/1.png', 'train/2.png', 'test/3.png'];
  test.each<[string, Record<string, string>]>([
    [
      "Hugging Face's metadata.jsonl",
      {
        'train/metadata.jsonl':
          '{"file_name":"1.png","label":"cat"}\n{"file_name":"2.png","label":"dog"}\n',
        'test/metadata.jsonl': '{"file_name":"3.png","label":"cat"}\n',
      },
    ],
    [
      "Hugging Face's metadata.csv",
      {
        'train/metadata.csv': 'file_name,label\n1.png,cat\n2.png,dog\n',
        'test/metadata.csv': 'file_name,label\n3.png,cat\n',
      },
    ],
    [
      "Roboflow's _classes.csv",
      {
        'train/_classes.csv': 'filename, cat, dog\n1.png, 1, 0\n2.png, 0, 1\n',
        'test/_classes.csv': 'filename, cat, dog\n3.png, 1, 0\n',
      },
    ],
  ])('%s', async (_, lists) => {
    const { index } = await scan(images, lists);
    expect(sides(index)).toEqual(['test cat', 'train cat', 'train dog']);
  });

  test('a line that is no JSON object is refused with its line', async () => {
    const lists = { 'train/metadata.jsonl': '{"file_name":"1.png","label":"cat"}\nnothing\n' };
    await expect(scan(images, lists)).rejects.toMatchObject({
      details: { where: expect.stringContaining('line 2') },
    });
  });
});

test.each([
  ['train', 'train'],
  ['validation-set', 'val'],
  ['VALID', 'val'],
  ['test_images', 'test'],
  ['bus', undefined],
  ['trains', undefined],
  ['test drive', undefined],
  ['images', undefined],
])('%s as a side is %s', (word, side) => {
  expect(sideOf(word)).toBe(side);
});
