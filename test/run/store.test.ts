import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunEvent } from '../../src/base/events.ts';
import { newOwner } from '../../src/base/lock-owner.ts';
import { createEventLog } from '../../src/run/event-log.ts';
import type { SplitRecord } from '../../src/run/record.ts';
import { refuseChangedConfig, refuseChangedImages } from '../../src/run/refuse-changed.ts';
import { readConfig, readRecord, writeConfig, writeRecord } from '../../src/run/run-records.ts';
import { openRun, runPaths } from '../../src/run/store.ts';
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

  it.each(['0', '2', 'two'])(
    'refuses a config of format version %s by its version',
    async (version) => {
      await makeRun();
      const { config } = runPaths(folder);
      const text = await readFile(config, 'utf8');
      await writeFile(config, text.replace('format version 1', `format version ${version}`));
      await expect(readConfig(runPaths(folder))).rejects.toMatchObject({
        kind: 'data',
        message: `${config} is of another version`,
        details: { found: `format version ${version}`, where: config },
      });
    },
  );

  it('takes the config of a run from before heads were solved as what it was', async () => {
    await makeRun();
    const { config } = runPaths(folder);
    await writeFile(config, 'strategy: top\nhead: {kind: linear, dropout: 0.5, hidden: 256}\n');
    expect(await readConfig(runPaths(folder))).toMatchObject({
      refit: 'never',
      head: { kind: 'linear', fit: 'steps' },
    });
    await writeFile(config, 'strategy: top\nhead: {kind: linear, fit: solve}\nrefit: always\n');
    expect(await readConfig(runPaths(folder))).toMatchObject({
      refit: 'always',
      head: { fit: 'solve' },
    });
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
    await expect(openRun(folder)).rejects.toMatchObject({ kind: 'usage' });
  });
});

describe('what a folder of somebody else may hold', () => {
  const plan = {
    ...{ version: 1, strategy: 'head', evidence: [], frozen: [], trained: ['fc8'] },
    parameters: { total: 1, trained: 1 },
  };
  const metrics = { version: 1, side: 'val', metrics: { loss: null }, perClass: [], confusion: [] };

  it.each([
    ['split', {}, /classes/],
    ['split', { ...split, train: {} }, /^train/],
    ['split', { ...split, val: [{ path: 'a', hash: 'b', label: 2 }] }, /^val/],
    ['split', { ...split, test: [{ path: 7, hash: 'b', label: 0 }] }, /^test/],
    ['plan', { ...plan, trained: 'fc8' }, /^trained/],
    ['plan', { ...plan, strategy: null }, /^strategy/],
    ['plan', { ...plan, parameters: { total: 'many' } }, /^parameters/],
    ['plan', { ...plan, provenance: { source: {} } }, /^provenance/],
    ['metrics', { ...metrics, metrics: { accuracy: '1' } }, /^metrics/],
    ['metrics', { ...metrics, perClass: 1 }, /^perClass/],
  ] as const)('%s: %j', async (kind, record, found) => {
    const paths = runPaths(folder);
    await mkdir(folder);
    await writeFile(paths[kind], JSON.stringify({ version: 1, ...record }));
    await expect(readRecord(paths, kind)).rejects.toMatchObject({
      exitCode: 3,
      details: { found: expect.stringMatching(found), where: paths[kind] },
    });
    await writeFile(paths[kind], 'null');
    await expect(readRecord(paths, kind)).rejects.toMatchObject({ exitCode: 3 });
    const whole = { split, plan, metrics }[kind];
    await writeFile(paths[kind], JSON.stringify(whole));
    expect(await readRecord(paths, kind)).toEqual(whole);
  });

  it('settings that are too large or no plain file are not parsed', async () => {
    const { config } = runPaths(folder);
    await mkdir(folder);
    await writeFile(config, Array.from({ length: 6000 }, (_, at) => `k${at}: 1`).join('\n'));
    await expect(readConfig(runPaths(folder))).rejects.toMatchObject({
      exitCode: 3,
      message: /too large/,
    });
    await rm(config);
    execFileSync('mkfifo', [config]);
    await expect(readConfig(runPaths(folder))).rejects.toMatchObject({
      exitCode: 3,
      details: { found: 'a named pipe' },
    });
  });
});

describe('the event log', () => {
  it('is appended to, and never through a link', async () => {
    await mkdir(folder);
    const { events } = runPaths(folder);
    const write = () => {
      const log = createEventLog();
      log.open(events);
      log.listen({ type: 'note', message: 'x' });
      log.flush();
    };
    write();
    write();
    const lines = (await readFile(events, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['log', 'note', 'log', 'note']);
    await rm(events);
    const victim = join(home, 'victim');
    await writeFile(victim, 'mine');
    await symlink(victim, events);
    write();
    expect(await readFile(victim, 'utf8')).toBe('mine');
    await rm(events);
    execFileSync('mkfifo', [events]);
    write();
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

describe('records', () => {
  it('that are damaged, of another version or missing are refused', async () => {
    await makeRun();
    const paths = runPaths(folder);
    await expect(readRecord(paths, 'plan')).rejects.toMatchObject({ kind: 'usage' });
    await writeFile(paths.split, '{"version": 1, "cla');
    await expect(readRecord(paths, 'split')).rejects.toMatchObject({ kind: 'data' });
    await writeFile(paths.split, '{"version": 7}');
    await expect(readRecord(paths, 'split')).rejects.toMatchObject({
      details: { found: 'format version 7' },
    });
  });
});

describe('a resumed run', () => {
  it('is refused with another config, every key named', () => {
    const before = testConfig();
    const now = testConfig({
      batchSize: 4,
      out: 'elsewhere',
      optimizer: { ...before.optimizer, learningRate: 5 },
    });
    expect(() => refuseChangedConfig('runs/x', before, { ...before, out: 'y' })).not.toThrow();
    expect(() => refuseChangedConfig('runs/x', before, now)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        details: expect.objectContaining({
          where: 'runs/x, batchSize, optimizer.learningRate',
          found: 'batchSize: 4, optimizer.learningRate: 5',
        }),
      }),
    );
  });

  it('is refused with other images, the files named', () => {
    const now: SplitRecord = {
      ...split,
      train: [
        { path: 'a/1.png', hash: 'other', label: 0 },
        { path: 'b/4.png', hash: 'h4', label: 1 },
      ],
    };
    expect(() => refuseChangedImages('runs/x', split, split)).not.toThrow();
    expect(() => refuseChangedImages('runs/x', split, now)).toThrow(
      expect.objectContaining({
        kind: 'data',
        details: expect.objectContaining({
          found: '1 added: b/4.png; 1 removed: b/2.png; 1 changed: a/1.png',
        }),
      }),
    );
  });
});
