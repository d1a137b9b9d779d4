import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scanDataset } from '../../../src/dataset/scan.ts';
import { buildEmojiFolder, EMOJI_CLASSES } from '../../../src/pipeline/demo/demo-data.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';
import { EMOJI_PACKAGE } from '../../emoji-package.ts';

const folder = useTemporaryFolder();

test('the pictures of the emoji package make a data set of many classes', async () => {
  const target = join(folder(), 'emoji');
  const made = await buildEmojiFolder({ source: EMOJI_PACKAGE, target });
  expect(Object.keys(made.classes)).toEqual(EMOJI_CLASSES);
  expect(EMOJI_CLASSES.length).toBeGreaterThanOrEqual(8);
  for (const [name, count] of Object.entries(made.classes)) {
    expect(count, name).toBeGreaterThanOrEqual(20);
  }
  const index = await scanDataset(target);
  expect(index.skipped).toEqual([]);
  expect(index.classes).toEqual(EMOJI_CLASSES);
  expect(new Set(index.images.map(({ hash }) => hash)).size).toBe(index.images.length);
});
