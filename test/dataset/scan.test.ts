import { execFileSync } from 'node:child_process';
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { byDecoder, DecoderError } from '../../src/dataset/decode-errors.ts';
import { fileSystemPath, imagePath } from '../../src/dataset/file-names.ts';
import { type ScanOptions, scanDataset } from '../../src/dataset/scan.ts';
import { walkFolder } from '../../src/dataset/walk.ts';
import { picture, recorder, useTemporaryFolder, write, writePictures } from './images.ts';

const folder = useTemporaryFolder();
const scan = (path: string, options: ScanOptions = {}) =>
  scanDataset(path, { cache: join(folder(), 'cache'), ...options });

async function failureOf(work: Promise<unknown>): Promise<VggtuneError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof VggtuneError)) throw new Error(`not an error for the user: ${error}`);
  return error;
}

test('bands that are no colours are refused in the scan', async () => {
  await writePictures(folder(), ['a/1.png', 'b/2.png']);
  const bands = new URL('../fixtures/images/five-bands.tif', import.meta.url);
  await write(join(folder(), 'a/five.tif'), await readFile(bands));
  const { skipped } = await scan(folder());
  expect(skipped).toEqual([
    { path: 'a/five.tif', reason: expect.stringContaining('5 bands that are no colours') },
  ]);
});

test('a machine without open files left is no damaged image', async () => {
  await expect(
    byDecoder(() => Promise.reject(new Error('unable to open\nunix error: Too many open files'))),
  ).rejects.toMatchObject({ code: 'EMFILE' });
  await expect(byDecoder(() => Promise.reject(new Error('VipsJpeg: bad')))).rejects.toThrow(
    DecoderError,
  );
});

describe('layouts', () => {
  test('one sub-folder a class, at any depth, hidden and other files left out', async () => {
    const root = join(folder(), 'data set');
    await writePictures(root, ['b/2.png', 'b/1.png', 'a/deep/er/3 with spaces.png', 'Ä/4[1].png']);
    await writePictures(root, ['.ipynb_checkpoints/x.png', '__MACOSX/a/y.png', 'a/.hidden.png']);
    await write(join(root, 'a/notes.txt'), 'no image');
    await write(join(root, 'a/Thumbs.db'), 'no image');
    const index = await scan(root);
    expect(index).toMatchObject({ root, layout: 'folders', classes: ['a', 'b', 'Ä'], skipped: [] });
    expect(index.images.map(({ path, label }) => [path, label])).toEqual([
      ['a/deep/er/3 with spaces.png', 0],
      ['b/1.png', 1],
      ['b/2.png', 1],
      ['Ä/4[1].png', 2],
    ]);
    expect(index.images.every(({ side }) => side === undefined)).toBe(true);
  });

  test('train, valid and test above the classes; a class keeps its label on every side', async () => {
    await writePictures(folder(), ['train/a/1.png', 'train/b/2.png', 'train/c/3.png']);
    await writePictures(folder(), ['Valid/c/4.png', 'test/b/5.png'], 3);
    const index = await scan(folder());
    expect(index.layout).toBe('sides');
    expect(index.images.map(({ path, label, side }) => `${path} ${label} ${side}`)).toEqual([
      'Valid/c/4.png 2 val',
      'test/b/5.png 1 test',
      'train/a/1.png 0 train',
      'train/b/2.png 1 train',
      'train/c/3.png 2 train',
    ]);
  });

  test('train beside bus is a class', async () => {
    await writePictures(folder(), ['train/old/1.png', 'train/2.png', 'bus/3.png']);
    const index = await scan(folder());
    expect(index).toMatchObject({ layout: 'folders', classes: ['bus', 'train'] });
  });

  test('links are followed, broken and circular ones do no harm', async () => {
    await writePictures(folder(), ['real/a/1.png', 'elsewhere/2.png', 'data/b/3.png']);
    await symlink(join(folder(), 'real/a'), join(folder(), 'data/a'));
    await symlink(join(folder(), 'elsewhere/2.png'), join(folder(), 'data/b/link.png'));
    await symlink(join(folder(), 'nowhere.png'), join(folder(), 'data/b/broken.png'));
    await symlink(join(folder(), 'data/b'), join(folder(), 'data/b/round'));
    const index = await scan(join(folder(), 'data'));
    expect(index.images.map(({ path }) => path)).toEqual(['a/1.png', 'b/3.png', 'b/link.png']);
    expect(index.skipped).toEqual([{ path: 'b/broken.png', reason: 'broken link' }]);
  });

  test('names that are not UTF-8 are opened by their bytes', async () => {
    const png = await picture(9).png().toBuffer();
    await writePictures(folder(), ['data/a/1.png', 'data/b/2.png']);
    const bytes = Buffer.from('caf\xe9.png', 'latin1');
    await writeFile(Buffer.concat([Buffer.from(`${folder()}/data/a/`), bytes]), png);
    const index = await scan(join(folder(), 'data'));
    expect(index.skipped).toEqual([]);
    const odd = index.images.find(({ path }) => path.startsWith('a/caf'))?.path ?? '';
    expect(fileSystemPath(odd)).toEqual(Buffer.from('a/caf\xe9.png', 'latin1'));
    expect(JSON.parse(JSON.stringify(odd))).toBe(odd);
  });
});

describe('a CSV', () => {
  test('with header, quotes, sides and absolute paths', async () => {
    await writePictures(folder(), ['list/x/1.png', 'list/x/a, b "c".png', 'other/3.png']);
    const outside = join(folder(), 'other/3.png');
    await write(
      join(folder(), 'list/data.csv'),
      `\ufeffpath,label,split\r\nx/1.png,cat,train\r\n"x/a, b ""c"".png",dog,\r\n\r\n${outside},dog,val\r\n`,
    );
    const index = await scan(join(folder(), 'list/data.csv'));
    expect(index).toMatchObject({
      layout: 'csv',
      root: join(folder(), 'list'),
      classes: ['cat', 'dog'],
    });
    expect(index.images.map(({ path, label, side }) => [path, label, side])).toEqual([
      [outside, 1, 'val'],
      ['x/1.png', 0, 'train'],
      ['x/a, b "c".png', 1, undefined],
    ]);
    expect(imagePath(index.root, outside)).toBe(outside);
  });

  test('without header; files that are not there are skipped by name', async () => {
    await writePictures(folder(), ['1.png', '2.png']);
    await write(join(folder(), 'data.csv'), '1.png,a\n2.png,b\n3.png,b\nnotes.txt,b\n');
    const index = await scan(join(folder(), 'data.csv'));
    expect(index.images).toHaveLength(2);
    expect(index.skipped).toEqual([
      { path: '3.png', reason: 'no such file' },
      { path: 'notes.txt', reason: expect.stringContaining('does not end like an image') },
    ]);
  });

  test('every wrong row is named at once', async () => {
    const rows = [
      '../secret.png,a',
      'x.png',
      ',b',
      'y.png,',
      'z.png,a,middle',
      'q.png,a',
      'q.png,b',
    ];
    await write(join(folder(), 'data.csv'), rows.join('\n'));
    const error = await failureOf(scan(join(folder(), 'data.csv')));
    expect(error.exitCode).toBe(3);
    for (const line of [1, 2, 3, 4, 5, 7]) expect(error.details.found).toContain(`line ${line}:`);
    expect(error.details.found).toContain("../secret.png leaves the CSV's folder");
    expect(error.details.found).toContain('q.png is b here and a in line 6');
  });

  test('a pipe, a device, and a list that is too large are never read', async () => {
    const pipe = join(folder(), 'pipe.csv');
    execFileSync('mkfifo', [pipe]);
    for (const [path, found] of [
      [pipe, 'a named pipe'],
      ['/dev/zero', 'a device'],
    ] as const) {
      expect((await failureOf(scan(path))).details.found).toBe(found);
    }
    const sparse = join(folder(), 'sparse.csv');
    await write(sparse, '');
    await truncate(sparse, 2 ** 33);
    const { exitCode, message } = await failureOf(scan(sparse));
    expect([exitCode, message]).toEqual([3, `${sparse} is too large`]);
  });

  test('what it names is looked at before it is opened', async () => {
    await writePictures(folder(), ['1.png', '2.png', 'folder.png/3.png']);
    execFileSync('mkfifo', [join(folder(), 'pipe.png')]);
    await symlink('/dev/zero', join(folder(), 'zero.png'));
    const rows = ['1.png,a', '2.png,b', 'pipe.png,a', 'zero.png,a', 'folder.png,a'];
    await write(join(folder(), 'data.csv'), rows.join('\n'));
    const index = await scan(join(folder(), 'data.csv'));
    expect(index.skipped).toEqual(
      ['folder.png', 'pipe.png', 'zero.png'].map((path) => ({
        path,
        reason: 'not a regular file',
      })),
    );
  });

  test('a split called like something that every object has is wrong', async () => {
    await write(join(folder(), 'data.csv'), 'a.png,x,constructor\n');
    const { details } = await failureOf(scan(join(folder(), 'data.csv')));
    expect(details.found).toContain('split is constructor');
  });

  test('an open quote, bytes that are no UTF-8', async () => {
    await write(join(folder(), 'open.csv'), 'a.png,x\n"b.png,y\n');
    expect((await failureOf(scan(join(folder(), 'open.csv')))).details.where).toContain('line 2');
    await write(join(folder(), 'latin.csv'), Buffer.from('caf\xe9.png,x', 'latin1'));
    expect((await failureOf(scan(join(folder(), 'latin.csv')))).message).toContain('UTF-8');
  });
});

describe('files that cannot be used', () => {
  async function withBadFiles() {
    await writePictures(folder(), ['d/a/1.png', 'd/a/2.png', 'd/b/3.png']);
    const jpeg = await picture(7, 200, 200).jpeg().toBuffer();
    await write(join(folder(), 'd/a/cut.jpg'), jpeg.subarray(0, jpeg.length / 2));
    await write(join(folder(), 'd/a/empty.png'), '');
    await write(join(folder(), 'd/b/text.jpg'), 'this is no image');
    await write(join(folder(), 'd/b/old.bmp'), 'BM');
    execFileSync('mkfifo', [join(folder(), 'd/b/pipe.png')]);
    return join(folder(), 'd');
  }

  test('are skipped, listed with their reason, and counted', async () => {
    const { emit, events } = recorder();
    const index = await scan(await withBadFiles(), { emit });
    expect(index.images).toHaveLength(3);
    const reasons = Object.fromEntries(index.skipped.map(({ path, reason }) => [path, reason]));
    expect(reasons).toEqual({
      'a/cut.jpg': expect.stringContaining('premature end of JPEG'),
      'a/empty.png': 'empty file',
      'b/text.jpg': expect.stringContaining('another kind of file'),
      'b/old.bmp': expect.stringContaining('kind bmp, which is not read: convert it'),
      'b/pipe.png': 'not a regular file',
    });
    expect(events.filter(({ type }) => type === 'image-skipped')).toHaveLength(5);
    expect(events).toContainEqual({
      type: 'progress',
      task: 'scan',
      done: 6,
      total: 6,
      unit: 'images',
    });
  });

  test('are an error that names them all, if that is wished', async () => {
    const error = await failureOf(scan(await withBadFiles(), { onBad: 'fail' }));
    expect(error.exitCode).toBe(3);
    for (const name of ['a/cut.jpg', 'a/empty.png', 'b/text.jpg']) {
      expect(error.details.found).toContain(name);
    }
    expect(error.details.fix).toContain('skip');
  });

  test('headers alone do not show that a file is cut off', async () => {
    const index = await scan(await withBadFiles(), { verify: false });
    expect(index.images.map(({ path }) => path)).toContain('a/cut.jpg');
    const verified = await scan(join(folder(), 'd'));
    expect(verified.images.map(({ path }) => path)).not.toContain('a/cut.jpg');
  });

  test('what is no image is not read to its end', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    await write(join(folder(), 'd/a/sparse.png'), '');
    // Eight gigabytes of nothing, and three behind the first bytes of a picture.
    await truncate(join(folder(), 'd/a/sparse.png'), 2 ** 33);
    await write(join(folder(), 'd/b/sparse.jpg'), '<svg>');
    await truncate(join(folder(), 'd/b/sparse.jpg'), 3e9);
    const began = performance.now();
    const index = await scan(join(folder(), 'd'));
    expect(performance.now() - began).toBeLessThan(2000);
    expect(index.skipped).toEqual([
      { path: 'a/sparse.png', reason: '8589934592 bytes, more than an image has' },
      { path: 'b/sparse.jpg', reason: expect.stringContaining('kind svg, which is not read') },
    ]);
    // The second scan knows them.
    expect((await scan(join(folder(), 'd'))).skipped).toEqual(index.skipped);
  });

  test('folders that the system makes up, and folders without end, are not walked', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    await symlink('/proc', join(folder(), 'd/a/system'));
    if (process.platform === 'linux') {
      const index = await scan(join(folder(), 'd'));
      expect(index.skipped).toEqual([{ path: 'a/system', reason: 'folder: a part of the system' }]);
    }
    // Each level has two links to the next: two to the power of sixteen folders, of seventeen.
    const levels = Array.from({ length: 17 }, (_, at) => join(folder(), `level${at}`));
    for (const level of levels) await mkdir(level);
    for (const [at, level] of levels.slice(0, -1).entries()) {
      for (const name of ['x', 'y']) await symlink(levels[at + 1] ?? '', join(level, name));
    }
    const found = await walkFolder(levels[0] ?? '', 500);
    expect(found.length).toBeLessThan(20);
    expect(new Set(found.map(({ problem }) => problem))).toEqual(
      new Set(['folder: too many folders']),
    );
  });

  test('20,000 x 20,000 pixels are refused without memory being taken', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    await write(join(folder(), 'd/a/huge.png'), await hugePng());
    const before = process.memoryUsage().rss;
    const index = await scan(join(folder(), 'd'));
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
    expect(index.skipped).toEqual([
      { path: 'a/huge.png', reason: '20000 x 20000 pixels, more than the limit of 268402689' },
    ]);
  });

  // Root may read everything, and Windows knows no such modes: there is nothing to refuse.
  const mayReadAll = process.platform === 'win32' || process.getuid?.() === 0;
  test.skipIf(mayReadAll)('a folder that may not be read is reported, not lost', async () => {
    await writePictures(folder(), ['a/1.png', 'b/2.png', 'b/locked/3.png']);
    execFileSync('chmod', ['000', join(folder(), 'b/locked')]);
    const index = await scan(folder());
    execFileSync('chmod', ['700', join(folder(), 'b/locked')]);
    expect(index.skipped).toEqual([{ path: 'b/locked', reason: 'folder: permission denied' }]);
  });
});

/** The header of a huge greyscale PNG and the beginning of its pixels. */
async function hugePng(): Promise<Buffer> {
  const png = await sharp(Buffer.alloc(64 * 64), { raw: { width: 64, height: 64, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  const { crc32 } = await import('node:zlib');
  png.writeUInt32BE(20_000, 16);
  png.writeUInt32BE(20_000, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

describe('a second scan', () => {
  test('looks only at what changed', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    const root = join(folder(), 'd');
    const first = await scan(root);
    // Same size and time: what the cache says is believed, so a file that only the cache knows to
    // be good shows that it was asked.
    const time = new Date(2020, 1, 1);
    await utimes(join(root, 'a/1.png'), time, time);
    const second = await scan(root);
    expect(second).toEqual(first);
    const size = (await picture(0).png().toBuffer()).length;
    await writeFile(join(root, 'a/1.png'), Buffer.alloc(size));
    await utimes(join(root, 'a/1.png'), time, time);
    expect(await scan(root)).toEqual(first);
    await utimes(join(root, 'a/1.png'), new Date(), new Date());
    await writePictures(root, ['a/9.png'], 50);
    const third = await scan(root);
    expect(third.skipped.map(({ path }) => path)).toEqual(['a/1.png']);
  });

  test('a larger limit looks again at what was too large', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    const root = join(folder(), 'd');
    await failureOf(scan(root, { maxPixels: 10 }));
    expect((await scan(root)).images).toHaveLength(2);
  });

  test('a damaged cache, or none that can be written, costs time alone', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    const root = join(folder(), 'd');
    const first = await scan(root);
    const scans = join(folder(), 'cache/scan');
    for (const name of await readdir(scans))
      await writeFile(join(scans, name), '{"version":1,"dec');
    expect(await scan(root)).toEqual(first);
    await rm(join(folder(), 'cache'), { recursive: true });
    await writeFile(join(folder(), 'cache'), 'a file where the folder should be');
    const { emit, warnings } = recorder();
    expect(await scan(root, { emit })).toEqual(first);
    expect(warnings()).toEqual(['scan-not-remembered']);
  });

  test('hashes are of the bytes: a moved folder has the same ones', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    const first = await scan(join(folder(), 'd'));
    await rename(join(folder(), 'd'), join(folder(), 'moved'));
    const second = await scan(join(folder(), 'moved'));
    expect(second.images).toEqual(first.images);
  });
});

describe('data sets that cannot be used', () => {
  test('not there: the nearest folder and a similar name', async () => {
    await mkdir(join(folder(), 'flowers'));
    const error = await failureOf(scan(join(folder(), 'flowres/train')));
    expect(error.exitCode).toBe(3);
    expect(error.details.found).toBe(`${folder()} is there, flowres in it is not`);
    expect(error.details.fix).toBe('did you mean flowers?');
  });

  test('empty, without images, images without classes, all images bad', async () => {
    expect((await failureOf(scan(folder()))).details.found).toBe('nothing');
    await write(join(folder(), 'x/a.txt'), '');
    await write(join(folder(), 'x/b.txt'), '');
    const texts = await failureOf(scan(folder()));
    expect(texts.details.found).toBe('2 files: 2 .txt');
    await writePictures(folder(), ['1.png', '2.png']);
    const loose = await failureOf(scan(folder()));
    expect(loose.message).toContain('no class folder');
    expect(loose.details.found).toBe('2 images directly in the folder');
    await write(join(folder(), 'x/c.png'), 'no image');
    const bad = await failureOf(scan(folder()));
    expect(bad.details.found).toContain('1 unusable file: x/c.png');
  });

  test('one class only', async () => {
    await writePictures(folder(), ['d/cats/1.png', 'd/cats/2.png']);
    await mkdir(join(folder(), 'd/dogs'));
    const { emit, warnings } = recorder();
    const error = await failureOf(scan(join(folder(), 'd'), { emit }));
    expect(error.exitCode).toBe(3);
    expect(error.details.found).toBe('2 images, all of class cats');
    expect(warnings()).toEqual(['empty-class']);
  });

  test("a model's classes: one of them is enough, another one is an error", async () => {
    await writePictures(folder(), ['d/b/1.png']);
    const index = await scan(join(folder(), 'd'), { classes: ['a', 'b'] });
    expect(index.classes).toEqual(['a', 'b']);
    expect(index.images[0]?.label).toBe(1);
    const error = await failureOf(scan(join(folder(), 'd'), { classes: ['a', 'c'] }));
    expect(error.details.found).toBe('b');
  });

  test('an interrupt ends the scan with its own exit code', async () => {
    await writePictures(folder(), ['d/a/1.png', 'd/b/2.png']);
    const error = await failureOf(scan(join(folder(), 'd'), { signal: AbortSignal.abort() }));
    expect(error.exitCode).toBe(130);
  });
});
