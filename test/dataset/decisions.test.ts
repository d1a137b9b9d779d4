import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { parseDecisions, readDecisions, withDecisions } from '../../src/dataset/decisions.ts';
import type { DatasetIndex } from '../../src/dataset/types.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';

const HEADER = 'path,label,decision,new_label';
const parse = (...lines: string[]) => parseDecisions([HEADER, ...lines].join('\n'), 'audit.csv');

const index: DatasetIndex = {
  root: '/data',
  layout: 'folders',
  classes: ['cats', 'dogs'],
  images: ['cats/1.png', 'cats/2.png', 'dogs/3.png', 'dogs/4.png'].map((path, at) => ({
    path,
    hash: String(at),
    label: at < 2 ? 0 : 1,
  })),
  skipped: [],
};

function follow(...lines: string[]) {
  const events: RunEvent[] = [];
  const emit = (event: RunEvent) => events.push(event);
  return { ...withDecisions(index, parse(...lines), { file: 'audit.csv', emit }), events };
}

it('drops, relabels and keeps, and changes nothing else', () => {
  const { images, events } = follow(
    'cats/1.png,cats,drop,',
    'cats/2.png,cats,keep,dogs',
    'dogs/3.png,dogs,relabel,cats',
    'dogs/4.png,dogs,,cats',
  );
  expect(images.map(({ path, label }) => [path, label])).toEqual([
    ['cats/2.png', 0],
    ['dogs/3.png', 0],
    ['dogs/4.png', 1],
  ]);
  expect(events).toEqual([]);
});

it('leaves an image alone that has another label by now, or is gone, and warns', () => {
  const { images, events } = follow(
    'cats/1.png,dogs,drop,',
    'cats/9.png,cats,drop,',
    'cats/2.png,cats,drop,',
  );
  expect(images.map(({ path }) => path)).toEqual(['cats/1.png', 'dogs/3.png', 'dogs/4.png']);
  expect(events).toMatchObject([
    { code: 'decisions-stale', message: expect.stringContaining('2 of 3') },
  ]);
});

it.each([
  [['cats/1.png,cats,delete,'], /line 2: decision is delete/],
  [['cats/1.png,cats,relabel,'], /line 2: relabel, and no new_label/],
  [['cats/1.png,cats,drop,', 'cats/1.png,cats,keep,'], /line 3: cats\/1.png is keep here and drop/],
  [['cats/1.png,cats,relabel,birds'], /line 2: new_label is birds, which is no class/],
])('names the lines that cannot be followed: %s', (lines, found) => {
  expect(() => follow(...lines)).toThrowError(
    expect.objectContaining({
      details: expect.objectContaining({ found: expect.stringMatching(found) }),
    }),
  );
});

it('takes two rows of one image that want the same', () => {
  expect(follow('cats/1.png,cats,drop,', 'cats/1.png,cats,drop,').images).toHaveLength(3);
});

it('refuses to leave a class without images, and a file about other images', () => {
  expect(() => follow('cats/1.png,cats,drop,', 'cats/2.png,cats,drop,')).toThrow(
    /leave no image of cats/,
  );
  expect(() => follow('other/1.png,cats,drop,')).toThrow(/no decision is about an image/);
});

it('says what a file lacks, and that a file is not there', async () => {
  expect(() => parseDecisions('path,label\na,b\n', 'x.csv')).toThrow(/no file of decisions/);
  await expect(readDecisions('/nowhere/audit.csv')).rejects.toMatchObject({ kind: 'data' });
  const home = await temporaryFolder();
  await writeFile(join(home, 'a.csv'), Buffer.from([0xff, 0xfe, 0x00]));
  await expect(readDecisions(join(home, 'a.csv'))).rejects.toMatchObject({ kind: 'data' });
  await rm(home, { recursive: true });
});
