import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunEvent } from '../../src/base/events.ts';
import { newOwner } from '../../src/base/lock-owner.ts';
import { createEventLog } from '../../src/run/event-log.ts';
import type { SplitRecord } from '../../src/run/record.ts';
import { readRecord, writeConfig, writeRecord } from '../../src/run/run-records.ts';
import { freeRunFolder, openRun, runPaths, takeRun } from '../../src/run/store.ts';
import { testConfig } from '../training/config.ts';

let home: string;
let folder: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-run-test-'));
  folder = join(home, 'run');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const split: SplitRecord = {
  version: 1,
  classes: ['a', 'b'],
  train: [
    { path: 'a/1.png', hash: 'h1', label: 0 },
    { path: 'b/2.png', hash: 'h2', label: 1 },
  ],
  val: [{ path: 'a/3.png', hash: 'h3', label: 0 }],
  test: [],
};

async function makeRun(): Promise<void> {
  const run = await openRun(folder);
  await writeConfig(run.paths, testConfig());
  await writeRecord(run.paths, 'split', split);
  await run.unlock();
}

describe('openRun', () => {
  it('makes a folder, and refuses one that holds a run', async () => {
    await makeRun();
    expect((await readdir(folder)).sort()).toEqual(['config.yaml', 'split.json']);
    expect(parse(await readFile(join(folder, 'config.yaml'), 'utf8'))).toEqual(testConfig());
    await expect(openRun(folder)).rejects.toMatchObject({
      kind: 'usage',
      details: { fix: expect.stringContaining('--resume') },
    });
  });

  it('resumes what is there, and refuses to resume what is not', async () => {
    await makeRun();
    const run = await openRun(folder, { resume: true });
    expect(run.resumed).toBe(true);
    expect(await readRecord(run.paths, 'split')).toEqual(split);
    await run.unlock();
    const none = openRun(join(home, 'none'), { resume: true });
    await expect(none).rejects.toMatchObject({ kind: 'usage' });
  });

  it('removes what a killed process had begun to write', async () => {
    await makeRun();
    const { last, model } = runPaths(folder);
    for (const below of [folder, dirname(last), model]) {
      await mkdir(below, { recursive: true });
      await writeFile(join(below, 'x.0123456789ab.tmp'), '');
    }
    await (await openRun(folder, { resume: true })).unlock();
    for (const below of [folder, dirname(last), model]) {
      expect((await readdir(below)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  });

  it('overwrites the files of a run and nothing else', async () => {
    await makeRun();
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const run = await openRun(folder, { overwrite: true });
    await run.unlock();
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });

  it('does not overwrite what only has the names of a run', async () => {
    await mkdir(join(folder, 'model'), { recursive: true });
    await writeFile(join(folder, 'model', 'own.bin'), 'mine');
    await writeFile(join(folder, 'config.yaml'), 'name: something else\n');
    for (const options of [{}, { overwrite: true }]) {
      await expect(openRun(folder, options)).rejects.toMatchObject({
        kind: 'usage',
        message: /no run/,
        details: { fix: 'choose another folder with --out' },
      });
    }
    expect(await readFile(join(folder, 'model', 'own.bin'), 'utf8')).toBe('mine');
  });

  it('tells a run whose config was damaged by its log', async () => {
    await makeRun();
    createEventLog().open(join(folder, 'events.ndjson'));
    await writeFile(join(folder, 'config.yaml'), '');
    await (await openRun(folder, { overwrite: true })).unlock();
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a file in the place of the folder', async () => {
    await writeFile(folder, '');
    await expect(openRun(folder)).rejects.toMatchObject({
      kind: 'usage',
      details: { found: 'a file', where: folder },
    });
  });

  it('refuses a folder that cannot be read, with what the system says', async () => {
    const long = join(home, 'x'.repeat(300));
    await expect(openRun(long)).rejects.toMatchObject({
      kind: 'usage',
      details: { found: expect.stringContaining('ENAMETOOLONG'), where: long },
    });
  });

  it('takes a new folder and one without files of a run, and resumes neither', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'notes.txt'), 'mine');
    for (const free of [join(home, 'deep', 'new'), folder]) {
      const run = await openRun(free);
      expect(run.resumed).toBe(false);
      expect(run.paths).toEqual(runPaths(free));
      await run.unlock();
      await expect(openRun(free, { resume: true })).rejects.toMatchObject({
        kind: 'usage',
        message: /to resume/,
      });
    }
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });

  it('removes all of an earlier run and keeps it where it is resumed', async () => {
    await makeRun();
    const { last, best, model, plan, metrics, events } = runPaths(folder);
    for (const path of [last, best, join(model, 'labels.json'), plan, metrics, events]) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'x');
    }
    const all = await readdir(folder, { recursive: true });
    await (await openRun(folder, { resume: true })).unlock();
    expect(await readdir(folder, { recursive: true })).toEqual(all);
    await (await openRun(folder, { overwrite: true })).unlock();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each(['config.yaml', 'events.ndjson'])('takes no folder %s for a run', async (name) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'plan.json'), '{}');
    await expect(openRun(folder, { overwrite: true })).rejects.toMatchObject({
      message: /no run/,
      details: { found: expect.stringContaining('plan.json') },
    });
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('takes no other log for that of a run', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'events.ndjson'), 'x{"time":"now","type":"log","version":1}\n');
    await expect(openRun(folder, { overwrite: true })).rejects.toMatchObject({ message: /no run/ });
  });
});

describe('the lock', () => {
  it('names the process that has the folder', async () => {
    const run = await openRun(folder);
    const second = openRun(folder, { overwrite: true });
    await expect(second).rejects.toMatchObject({
      kind: 'usage',
      details: { found: expect.stringContaining(`process ${process.pid} on ${hostname()}`) },
    });
    await run.unlock();
    await (await openRun(folder)).unlock();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a run that was killed', () => {
  it.each([
    ['in a container that is started again: with the same host name and process id', {}],
    ['in a container with another host name', { host: 'another', since: 'long ago' }],
  ])('%s, is resumed', async (_, changes) => {
    await makeRun();
    const owner = { ...newOwner(), id: 'dead', started: '1', ...changes };
    await writeFile(join(folder, 'lock'), JSON.stringify(owner));
    const notes: string[] = [];
    const emit = (event: RunEvent) => event.type === 'note' && notes.push(event.message);
    const timing = { stale: 200, poll: 10 };
    const run = await openRun(folder, { resume: true, emit, timing });
    expect(run.resumed).toBe(true);
    await run.unlock();
    // Of a process on this machine that is dead nothing has to be waited for.
    const elsewhere = expect.stringContaining('looking whether process');
    expect(notes).toEqual('host' in changes ? [elsewhere] : []);
  });
});

describe('a run that is taken to be removed', () => {
  it('leaves what is not of the run, and cannot be taken while somebody is at work in it', async () => {
    await makeRun();
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const { remove, unlock } = await takeRun(folder, {});
    await expect(takeRun(folder, {})).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('another run is at work'),
    });
    await remove();
    await unlock();
    expect(await readdir(folder)).toEqual(['notes.txt']);
  });
});

describe('the folder of a new run', () => {
  it('is the first that holds no run; one of other files is free, a file is not', async () => {
    expect(await freeRunFolder(folder)).toBe(folder);
    await makeRun();
    expect(await freeRunFolder(folder)).toBe(`${folder}-2`);
    await writeFile(`${folder}-2`, 'no folder');
    await mkdir(`${folder}-3`);
    await writeFile(join(`${folder}-3`, 'notes.txt'), 'mine');
    expect(await freeRunFolder(folder)).toBe(`${folder}-3`);
  });
});
