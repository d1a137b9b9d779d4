import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeFolderAtomic } from '../../src/base/fresh-folder.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-folder-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const fill = (text: string) => (folder: string) => writeFile(join(folder, 'file'), text);
const content = () => readFile(join(home, 'a', 'file'), 'utf8');

it('is there whole', async () => {
  await writeFolderAtomic(join(home, 'a'), fill('one'));
  expect(await content()).toBe('one');
  expect(await readdir(home)).toEqual(['a']);
});

it('is not there after a failure, and a full disk is an error that says what to do', async () => {
  const full = writeFolderAtomic(join(home, 'a'), async (folder) => {
    await fill('half')(folder);
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  });
  await expect(full).rejects.toMatchObject({ kind: 'data', details: { fix: /free some space/ } });
  expect(await readdir(home)).toEqual([]);
});

it('what was there stays, unless it is to be replaced and the new one is whole', async () => {
  const path = join(home, 'a');
  await writeFolderAtomic(path, fill('one'));
  await expect(writeFolderAtomic(path, fill('two'))).rejects.toMatchObject({ kind: 'usage' });
  const overwrite = { overwrite: true };
  const fails = () => Promise.reject(new Error('broken'));
  await expect(writeFolderAtomic(path, fails, overwrite)).rejects.toThrow('broken');
  expect(await content()).toBe('one');
  await writeFolderAtomic(path, fill('three'), overwrite);
  expect(await content()).toBe('three');
  expect(await readdir(home)).toEqual(['a']);
});

it('a path through a file is an error that says so', async () => {
  await writeFile(join(home, 'file'), '');
  for (const path of [join(home, 'file', 'a'), join(home, 'file', 'a', 'b')]) {
    const refused = writeFolderAtomic(path, fill('one'));
    await expect(refused).rejects.toMatchObject({ kind: 'data', details: { where: path } });
  }
});
