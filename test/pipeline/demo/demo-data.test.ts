import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IMAGES_PER_CLASS } from '../../../src/pipeline/demo/demo.ts';
import { buildEmojiFolder } from '../../../src/pipeline/demo/demo-data.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';
import { EMOJI_PACKAGE } from '../../emoji-package.ts';

const folder = useTemporaryFolder();

test('fewer pictures: the seed says which; again is no work; something else is left alone', async () => {
  const [a, b] = [join(folder(), 'a'), join(folder(), 'b')];
  const options = { classes: ['flags', 'food'], imagesPerClass: 12 };
  expect(
    (await buildEmojiFolder({ source: EMOJI_PACKAGE, ...options, target: a })).classes,
  ).toEqual({
    flags: 12,
    food: 12,
  });
  await buildEmojiFolder({ source: EMOJI_PACKAGE, ...options, target: b, seed: 1 });
  expect(await readdir(join(b, 'flags'))).not.toEqual(await readdir(join(a, 'flags')));
  await buildEmojiFolder({ source: EMOJI_PACKAGE, ...options, target: a });
  await expect(buildEmojiFolder({ source: EMOJI_PACKAGE, target: a })).rejects.toMatchObject({
    exitCode: 3,
  });
  await writeFile(join(folder(), 'own.txt'), '');
  await expect(buildEmojiFolder({ source: EMOJI_PACKAGE, target: folder() })).rejects.toThrow(
    'is not empty',
  );
});

test('a folder beside the target is left alone', async () => {
  const target = join(folder(), 'images');
  await mkdir(`${target}.partial`);
  await writeFile(join(`${target}.partial`, 'own.txt'), 'mine');
  await buildEmojiFolder({ source: EMOJI_PACKAGE, target, classes: ['flags'], imagesPerClass: 2 });
  expect(await readFile(join(`${target}.partial`, 'own.txt'), 'utf8')).toBe('mine');
  expect((await readdir(folder())).sort()).toEqual(['images', 'images.partial']);
});

test('without the package the error says what to install', async () => {
  const lost = buildEmojiFolder({ source: join(folder(), 'nowhere'), target: join(folder(), 'x') });
  await expect(lost).rejects.toMatchObject({ exitCode: 5 });
});

test('the pictures that come with vggtune are those that the demo takes of the whole package', async () => {
  const [own, whole] = [join(folder(), 'own'), join(folder(), 'whole')];
  const options = { imagesPerClass: IMAGES_PER_CLASS };
  await buildEmojiFolder({ ...options, target: own });
  await buildEmojiFolder({ ...options, target: whole, source: EMOJI_PACKAGE });
  const mark = (at: string) => readFile(join(at, '.vggtune-demo.json'), 'utf8');
  expect(await mark(own)).toBe(await mark(whole));
  expect((await readdir(join(own, 'faces'))).length).toBe(IMAGES_PER_CLASS);
});
