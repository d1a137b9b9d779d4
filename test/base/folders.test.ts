import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { makeFolder } from '../../src/base/folders.ts';
import { writeFolderAtomic } from '../../src/base/fresh-folder.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-folders-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const isFolder = async (path: string) => (await stat(path)).isDirectory();

it('makes every level that is missing, and is content with those that are there', async () => {
  const path = join(home, 'a', 'b', 'c');
  await makeFolder(path);
  expect(await isFolder(path)).toBe(true);
  await makeFolder(path);
  await makeFolder(`${join(home, 'a', 'd')}/`);
  expect(await isFolder(join(home, 'a', 'd'))).toBe(true);
  await makeFolder('/');
});

it('many at once that make the same levels all end well', async () => {
  const names = Array.from({ length: 40 }, (_, i) => join(home, 'a', 'b', 'c', String(i % 4)));
  await Promise.all(names.map((name) => makeFolder(name)));
  for (const name of names) expect(await isFolder(name)).toBe(true);
});

it('follows a link to a folder', async () => {
  await makeFolder(join(home, 'real'));
  await symlink(join(home, 'real'), join(home, 'link'));
  await makeFolder(join(home, 'link', 'a'));
  expect(await isFolder(join(home, 'real', 'a'))).toBe(true);
});

it('a file in the way, or a link to nothing, is an error that names the path', async () => {
  await writeFile(join(home, 'file'), '');
  await symlink(join(home, 'gone'), join(home, 'link'));
  for (const at of [['file'], ['file', 'a'], ['file', 'a', 'b'], ['link'], ['link', 'a']]) {
    const path = join(home, ...at);
    await expect(makeFolder(path), path).rejects.toMatchObject({
      kind: 'data',
      message: `no folder can be made at ${path}`,
      details: { where: path, fix: 'choose another folder' },
    });
  }
});

it('an error names the folder as the user knows it', async () => {
  await writeFile(join(home, 'file'), '');
  await expect(makeFolder(join(home, 'file', 'a.tmp'), 'a')).rejects.toMatchObject({
    message: 'no folder can be made at a',
    details: { where: 'a' },
  });
});

it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'a missing right says so',
  async () => {
    await chmod(home, 0o500);
    const refused = makeFolder(join(home, 'a', 'b'));
    await expect(refused).rejects.toMatchObject({
      kind: 'data',
      details: { fix: /write permission/ },
    });
    await chmod(home, 0o700);
  },
);

// Node's recursive `mkdir` never returns here: a test that fails hangs.
it.runIf(process.platform === 'linux')(
  'where the file system takes no folders it says so, and ends',
  async () => {
    const refused = { kind: 'data', details: { where: expect.stringMatching(/^\/proc\/vggtune/) } };
    for (const path of ['/proc/vggtune', '/proc/vggtune/a/b']) {
      await expect(makeFolder(path)).rejects.toMatchObject(refused);
      await expect(writeFolderAtomic(path, async () => {})).rejects.toMatchObject(refused);
      await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject(refused);
    }
  },
  5000,
);

it('a file that the content reads and that is missing stays the bug it is', async () => {
  const reads = writeFileAtomic(join(home, 'a'), () => stat(join(home, 'b')).then(() => {}));
  await expect(reads).rejects.toMatchObject({ name: 'Error', code: 'ENOENT' });
});
