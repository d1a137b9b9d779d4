import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
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
