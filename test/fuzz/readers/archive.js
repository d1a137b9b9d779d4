import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { words } from './tensors.js';

const NAMES = ['good.zip', 'stored.zip', 'good.tar.gz', 'gnu.tgz', 'up.zip', 'link.zip'];

/** Archives of images: zip, tar, and tar in gzip. What they hold is counted and not written. */
export async function create({ load, folder }) {
  const { archiveKind } = await load('dataset/archive/unpack');
  const { readZip } = await load('dataset/archive/zip');
  const { readTar } = await load('dataset/archive/tar');
  const fixture = (name) => readFile(new URL(`../../fixtures/archives/${name}`, import.meta.url));
  const tar = await fixture('good.tar');
  const path = join(folder, 'input.archive');
  return {
    seeds: [...(await Promise.all(NAMES.map(fixture))), tar.subarray(0, 4096)],
    tokens: words(
      ...['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06', '../', '/', '\\', '\0', 'ustar', '\x1f\x8b'],
      ...['00000000000\0', '77777777777\0', 'x', 'L', '2', '10 path=a\n', '\xff\xff\xff\xff'],
    ),
    read: async (bytes) => {
      await writeFile(path, bytes);
      const kind = await archiveKind(path);
      const write = async () => {};
      if (kind === 'zip') await readZip(path, write);
      else await readTar(path, { gzip: kind === 'gzip', write });
    },
  };
}
