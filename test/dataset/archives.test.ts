import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { readTar } from '../../src/dataset/archive/tar.ts';
import { dataRoot } from '../../src/dataset/data-root.ts';
import { scanDataset } from '../../src/dataset/scan.ts';
import { useTemporaryFolder } from './images.ts';

const folder = useTemporaryFolder();
const cache = () => join(folder(), 'cache');
const fixture = (name: string) =>
  fileURLToPath(new URL(`../fixtures/archives/${name}`, import.meta.url));
const scan = (name: string) => scanDataset(fixture(name), { cache: cache() });

describe('archives of images', () => {
  test.each(['good.zip', 'stored.zip', 'good.tar', 'good.tar.gz', 'gnu.tgz'])(
    '%s',
    async (name) => {
      const index = await scan(name);
      expect(index.classes).toEqual(['cats', 'dogs']);
      expect(index.images.map(({ path, side }) => `${side} ${path}`)).toEqual([
        ...['0', '1', '2'].map((n) => `train train/cats/${n}.png`),
        ...['0', '1', '2'].map((n) => `train train/dogs/${n}.png`),
        ...['3', '4'].map((n) => `val val/cats/${n}.png`),
        ...['3', '4'].map((n) => `val val/dogs/${n}.png`),
      ]);
      // The second time it is there, and the same for whoever asks where the images are.
      expect((await scan(name)).root).toBe(index.root);
      expect(await dataRoot(fixture(name), cache())).toBe(index.root);
      expect(index.root.startsWith(cache())).toBe(true);
    },
  );

  test.each([
    ['up.zip', 'leads out of its folder'],
    ['absolute.zip', 'leads out of its folder'],
    ['up.tar', 'leads out of its folder'],
    ['link.tar', 'a link'],
    ['link.zip', 'a link'],
    ['bomb.zip', 'more than 67108864 bytes when unpacked'],
    ['bomb.tar.gz', 'more than 67108864 bytes when unpacked'],
    ['damaged.zip', 'damaged'],
    ['cut.zip', 'no directory at its end'],
    ['cut.tar.gz', 'damaged bytes'],
    ['lying.zip', 'bytes'],
  ])('%s is refused, and nothing of it stays', async (name, found) => {
    const error = await scan(name).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VggtuneError);
    expect((error as VggtuneError).details.found).toContain(found);
    expect(await readdir(join(cache(), 'archives')).catch(() => [])).toEqual([]);
    expect(existsSync(join(cache(), 'evil.png'))).toBe(false);
    expect(existsSync('/tmp/evil.png')).toBe(false);
  });
});

describe('a tar file made by hand', () => {
  interface Made {
    readonly name: string;
    readonly kind?: string;
    readonly content?: string;
    /** What the header says instead of the size: an octal number, or bytes. */
    readonly size?: string;
  }

  function member({ name, kind = '0', content = '', size }: Made): Buffer {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, 'utf8');
    header.write(size ?? content.length.toString(8).padStart(11, '0'), 124, 12, 'latin1');
    header.write(kind, 156, 1, 'latin1');
    header.write('ustar', 257, 5, 'latin1');
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
    const filling = Buffer.alloc((512 - (content.length % 512)) % 512);
    return Buffer.concat([header, Buffer.from(content), filling]);
  }

  async function unpacked(members: readonly Buffer[]) {
    const path = join(folder(), 'made.tar');
    await writeFile(path, Buffer.concat(members));
    const found = new Map<string, string>();
    await readTar(path, {
      gzip: false,
      write: async (name, bytes) => void found.set(name, Buffer.from(bytes).toString()),
    });
    return found;
  }

  const pax = (record: string) => member({ name: 'pax', kind: 'x', content: record });

  test('with names and sizes in records of their own, and without an end', async () => {
    const found = await unpacked([
      pax('19 path=a/long.png\n'),
      member({ name: 'short.png', content: 'one' }),
      pax('9 size=3\n'),
      member({ name: 'b.png', content: 'two', size: '00000000000' }),
      member({ name: 'note.md', content: 'no image' }),
      member({ name: 'c.png', content: 'six', size: '\x80\0\0\0\0\0\0\0\0\0\0\x03' }),
    ]);
    expect([...found]).toEqual([
      ['a/long.png', 'one'],
      ['b.png', 'two'],
      ['c.png', 'six'],
    ]);
  });

  test.each<[string, () => readonly Buffer[], string]>([
    ['holes', () => [member({ name: 'a.png', kind: 'S' })], 'holes'],
    ['a size that is none', () => [member({ name: 'a.png', size: 'x' })], 'of a size that is none'],
    ['a record of 1 MiB', () => [pax('x'.repeat(2 ** 20))], 'a name of 1048576 bytes'],
    [
      'a record that leads out',
      () => [pax('18 path=../a.png\n'), member({ name: 'a.png' })],
      'leads out of its folder',
    ],
    [
      'less in it than its header says',
      () => [member({ name: 'a.png', size: '00000010000' })],
      'its end in the middle of a file',
    ],
    [
      'less in it than the header of something else says',
      () => [member({ name: 'a.txt', size: '00000010000' })],
      'its end in the middle of a file',
    ],
    ['a damaged header', () => [member({ name: 'a.png' }).fill(1, 200, 201)], 'a damaged header'],
  ])('with %s is refused', async (_, members, found) => {
    await expect(unpacked(members())).rejects.toMatchObject({
      kind: 'data',
      details: { found: expect.stringContaining(found) },
    });
  });

  test('is read where there is a folder to unpack it to', async () => {
    await writeFile(join(folder(), 'made.tar'), member({ name: 'a.txt', content: 'x' }));
    await expect(scanDataset(join(folder(), 'made.tar'))).rejects.toMatchObject({
      details: { found: expect.stringContaining('no cache folder') },
    });
    const noImages = scanDataset(join(folder(), 'made.tar'), { cache: cache() });
    await expect(noImages).rejects.toMatchObject({
      details: { found: expect.stringContaining('no image and no list') },
    });
  });
});
