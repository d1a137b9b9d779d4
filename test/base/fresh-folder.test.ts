import { execFileSync } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
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

it('a folder with anything else in it is not replaced, and nobody is told that it could be', async () => {
  const path = join(home, 'a');
  const overwrite = { overwrite: true };
  await mkdir(join(path, 'deep'), { recursive: true });
  await writeFile(join(path, 'deep', 'thesis.txt'), 'mine');
  for (const options of [{}, overwrite]) {
    const work = vi.fn(fill('one'));
    await expect(writeFolderAtomic(path, work, options)).rejects.toMatchObject({
      kind: 'usage',
      details: { found: 'deep/thesis.txt', fix: expect.not.stringContaining('--overwrite') },
    });
    expect(work).not.toHaveBeenCalled();
  }
  await rm(join(path, 'deep'), { recursive: true });
  // Empty, with what a file manager leaves behind, and then with a file beside what was written.
  await writeFile(join(path, '.DS_Store'), '');
  await writeFolderAtomic(path, fill('one'), overwrite);
  await mkdir(join(path, 'mine'));
  await expect(writeFolderAtomic(path, fill('two'), overwrite)).rejects.toMatchObject({
    details: { found: 'mine' },
  });
  expect(await content()).toBe('one');
});

it('a file that came while the work was done stays', async () => {
  const path = join(home, 'a');
  await writeFolderAtomic(path, fill('one'));
  const late = writeFolderAtomic(
    path,
    async (folder) => {
      await fill('two')(folder);
      await writeFile(join(path, 'late.txt'), 'mine');
    },
    { overwrite: true },
  );
  await expect(late).rejects.toMatchObject({ kind: 'usage', details: { found: 'late.txt' } });
  expect((await readdir(path)).sort()).toEqual(['.vggtune-folder.json', 'file', 'late.txt']);
  expect(await readdir(home)).toEqual(['a']);
});

it('a plain file, and a folder whose mark is somebody else’s, are not replaced', async () => {
  const overwrite = { overwrite: true };
  await writeFile(join(home, 'file'), 'mine');
  const overFile = writeFolderAtomic(join(home, 'file'), fill('one'), overwrite);
  await expect(overFile).rejects.toMatchObject({ kind: 'usage', details: { found: 'a file' } });
  const path = join(home, 'a');
  await mkdir(path);
  for (const mark of ['', '[]', '{"files":["file"]}', '{"format":"vggtune-folder","files":7}']) {
    await writeFile(join(path, '.vggtune-folder.json'), mark);
    await expect(writeFolderAtomic(path, fill('one'), overwrite)).rejects.toMatchObject({
      details: { found: '.vggtune-folder.json' },
    });
  }
});

it('a mark that is a named pipe is not waited for', async () => {
  const path = join(home, 'a');
  await mkdir(path);
  execFileSync('mkfifo', [join(path, '.vggtune-folder.json')]);
  await expect(writeFolderAtomic(path, fill('one'), { overwrite: true })).rejects.toMatchObject({
    details: { found: '.vggtune-folder.json' },
  });
});

it('the folder that the process is in, or one above it, is not replaced', async () => {
  const path = join(home, 'a');
  await writeFolderAtomic(path, async (folder) => {
    await mkdir(join(folder, 'inner'));
    await writeFile(join(folder, 'inner', 'file'), 'one');
  });
  for (const at of [path, join(path, 'inner')]) {
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(at);
    const taken = writeFolderAtomic(path, fill('two'), { overwrite: true });
    await expect(taken).rejects.toMatchObject({
      kind: 'usage',
      message: /the folder that the command runs in/,
    });
    cwd.mockRestore();
  }
  await writeFolderAtomic(path, fill('two'), { overwrite: true });
  expect(await content()).toBe('two');
});

it('an export that was being replaced when the process was killed is put back', async () => {
  const path = join(home, 'a');
  await writeFolderAtomic(path, fill('one'));
  const aside = `${path}.old.0123456789ab.tmp`;
  await rename(path, aside);
  await expect(writeFolderAtomic(path, fill('two'))).rejects.toMatchObject({ kind: 'usage' });
  expect(await content()).toBe('one');
  // Killed a moment later, both are there.
  await cp(path, aside, { recursive: true });
  await writeFolderAtomic(path, fill('three'), { overwrite: true });
  expect(await content()).toBe('three');
  expect(await readdir(home)).toEqual(['a']);
});

it('a folder with such a name and anything else in it stays', async () => {
  const aside = join(home, 'a.old.0123456789ab.tmp');
  await mkdir(aside);
  await writeFile(join(aside, 'thesis.txt'), 'mine');
  await writeFolderAtomic(join(home, 'a'), fill('one'));
  expect(await readFile(join(aside, 'thesis.txt'), 'utf8')).toBe('mine');
});

it('a disk that fails says so, and not that something of somebody else is there', async () => {
  const path = join(home, 'a');
  await writeFolderAtomic(path, fill('one'));
  const probe = await open(join(path, 'file'));
  const prototype = Object.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  const failure = Object.assign(new Error('EIO: i/o error, read'), {
    code: 'EIO',
    syscall: 'read',
  });
  const spy = vi.spyOn(prototype, 'createReadStream').mockImplementation(() => {
    throw failure;
  });
  const replaced = writeFolderAtomic(path, fill('two'), { overwrite: true });
  await expect(replaced).rejects.toMatchObject({
    kind: 'data',
    details: { found: expect.stringContaining('EIO') },
  });
  spy.mockRestore();
  expect(await content()).toBe('one');
});
