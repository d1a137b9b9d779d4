import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MetricsRecord, PlanRecord, SplitRecord } from '../../src/run/record.ts';
import {
  readConfig,
  readMetrics,
  readPlan,
  readRecord,
  readRun,
  readSplit,
  writeConfig,
  writeRecord,
} from '../../src/run/run-records.ts';
import { type RunPaths, runPaths } from '../../src/run/store.ts';
import { testConfig } from '../training/config.ts';

let home: string;
let paths: RunPaths;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-records-test-'));
  paths = runPaths(join(home, 'run'));
  await mkdir(paths.folder);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const image = { path: 'a/1.png', hash: 'h1', label: 0 };
const split: SplitRecord = {
  version: 1,
  classes: ['a', 'b'],
  train: [image, { path: 'b/2.png', hash: 'h2', label: 1 }],
  val: [{ path: 'a/3.png', hash: 'h3', label: 0 }],
  test: [],
};
const plan: PlanRecord = {
  ...{ version: 1, strategy: 'head', evidence: [], frozen: [], trained: ['fc8'] },
  parameters: { total: 1, trained: 1 },
};
const metrics = { version: 1, side: 'val', metrics: { loss: null }, perClass: [], confusion: [] };
const measured = metrics as unknown as MetricsRecord;

describe('the settings of a run', () => {
  it('are read as they were written', async () => {
    await writeConfig(paths, testConfig());
    expect(await readConfig(paths)).toEqual(testConfig());
  });

  it.each(['0', '2', 'two'])('of format version %s are refused by its version', async (version) => {
    await writeConfig(paths, testConfig());
    const text = await readFile(paths.config, 'utf8');
    await writeFile(paths.config, text.replace('format version 1', `format version ${version}`));
    await expect(readConfig(paths)).rejects.toMatchObject({
      kind: 'data',
      message: `${paths.config} is of another version`,
      details: { found: `format version ${version}`, where: paths.config },
    });
  });

  it.each([
    ['that a person wrote, without a version', 'seed: 7\n'],
    ['with other words about versions', 'seed: 7 # Mine; format version 2, I think\n'],
    ['with a version far below', `seed: 7\n${'#\n'.repeat(100)}# Mine; format version 2\n`],
  ])('%s, are read', async (_, text) => {
    await writeFile(paths.config, text);
    expect(await readConfig(paths)).toEqual({ seed: 7 });
  });

  it('from before heads were solved are taken as what they were', async () => {
    await writeFile(
      paths.config,
      'strategy: top\nhead: {kind: linear, dropout: 0.5, hidden: 256}\n',
    );
    expect(await readConfig(paths)).toMatchObject({
      refit: 'never',
      head: { kind: 'linear', fit: 'steps' },
    });
    await writeFile(
      paths.config,
      'strategy: top\nhead: {kind: linear, fit: solve}\nrefit: always\n',
    );
    expect(await readConfig(paths)).toMatchObject({ refit: 'always', head: { fit: 'solve' } });
  });

  it.each([
    ['a list', '- 1\n', [1]],
    ['a text', 'head\n', 'head'],
    ['nothing', '', null],
    ['a head that is a text', 'head: linear\n', { head: 'linear' }],
    ['a head that is nothing', 'head:\n', { head: null }],
    ['a head that is a list', 'head: [1]\n', { head: [1] }],
  ])('that are %s are left as they are, for the schema to refuse', async (_, text, found) => {
    await writeFile(paths.config, text);
    expect(await readConfig(paths)).toEqual(found);
  });

  it('that are no YAML, too large, or no plain file, are refused', async () => {
    await writeFile(paths.config, 'a: [1');
    await expect(readConfig(paths)).rejects.toMatchObject({
      exitCode: 3,
      message: /no YAML/,
      details: { where: paths.config },
    });
    await writeFile(paths.config, Array.from({ length: 6000 }, (_, at) => `k${at}: 1`).join('\n'));
    await expect(readConfig(paths)).rejects.toMatchObject({ exitCode: 3, message: /too large/ });
    await rm(paths.config);
    execFileSync('mkfifo', [paths.config]);
    await expect(readConfig(paths)).rejects.toMatchObject({
      exitCode: 3,
      details: { found: 'a named pipe' },
    });
  });

  it('that are not there are those of no run', async () => {
    await expect(readConfig(paths)).rejects.toMatchObject({
      kind: 'usage',
      details: { expected: paths.config, found: 'no such file', where: paths.folder },
    });
    await expect(readConfig(runPaths(join(paths.config, 'x')))).rejects.toMatchObject({
      kind: 'usage',
    });
    await writeFile(paths.config, '');
    await expect(readConfig(runPaths(paths.config))).rejects.toMatchObject({
      kind: 'usage',
      details: { found: expect.stringContaining('ENOTDIR') },
    });
  });
});

describe('what a folder of somebody else may hold', () => {
  it.each([
    ['split', {}, /classes/],
    ['split', { ...split, classes: 'ab' }, /classes/],
    ['split', { ...split, classes: ['a', 7] }, /classes/],
    ['split', { ...split, train: {} }, /^train/],
    ['split', { ...split, train: undefined }, /^train/],
    ['split', { ...split, train: [null] }, /^train/],
    ['split', { ...split, train: [image, 7] }, /^train/],
    ['split', { ...split, val: [{ path: 'a', hash: 'b', label: 2 }] }, /^val/],
    ['split', { ...split, val: [{ path: 'a', hash: 'b', label: -1 }] }, /^val/],
    ['split', { ...split, val: [{ path: 'a', hash: 'b', label: 0.5 }] }, /^val/],
    ['split', { ...split, val: [{ path: 'a', hash: 'b', label: '0' }] }, /^val/],
    ['split', { ...split, val: [{ path: 'a', label: 0 }] }, /^val/],
    ['split', { ...split, test: [{ path: 7, hash: 'b', label: 0 }] }, /^test/],
    ['plan', { ...plan, trained: 'fc8' }, /^trained/],
    ['plan', { ...plan, frozen: [1] }, /^frozen/],
    ['plan', { ...plan, evidence: undefined }, /^evidence/],
    ['plan', { ...plan, strategy: null }, /^strategy/],
    ['plan', { ...plan, startHash: 1 }, /^startHash/],
    ['plan', { ...plan, parameters: { total: 1, trained: 'many' } }, /^parameters/],
    ['plan', { ...plan, parameters: 7 }, /^parameters/],
    ['plan', { ...plan, parameters: null }, /^parameters/],
    ['plan', { ...plan, parameters: [1] }, /^parameters/],
    ['plan', { ...plan, provenance: { source: {} } }, /^provenance/],
    ['plan', { ...plan, provenance: ['a file'] }, /^provenance/],
    ['plan', { ...plan, provenance: null }, /^provenance/],
    ['metrics', { ...metrics, side: 1 }, /^side/],
    ['metrics', { ...metrics, metrics: { loss: 1, accuracy: '1' } }, /^metrics/],
    ['metrics', { ...metrics, perClass: 1 }, /^perClass/],
    ['metrics', { ...metrics, confusion: {} }, /confusion/],
  ] as const)('%s: %j', async (kind, record, found) => {
    await writeFile(paths[kind], JSON.stringify({ version: 1, ...record }));
    await expect(readRecord(paths, kind)).rejects.toMatchObject({
      exitCode: 3,
      details: { found: expect.stringMatching(found), where: paths[kind] },
    });
  });

  it.each(['split', 'plan', 'metrics'] as const)('%s that is whole is read', async (kind) => {
    await writeFile(paths[kind], 'null');
    await expect(readRecord(paths, kind)).rejects.toMatchObject({ exitCode: 3 });
    const whole = { split, plan, metrics: measured }[kind];
    await writeRecord(paths, kind, whole);
    expect(await readRecord(paths, kind)).toEqual(whole);
  });

  it('a plan that says where its weights are from is read', async () => {
    const record = {
      ...plan,
      startHash: 'a',
      provenance: { source: 'torchvision', licence: 'BSD' },
    };
    await writeRecord(paths, 'plan', record);
    expect(await readRecord(paths, 'plan')).toEqual(record);
  });
});

describe('records', () => {
  it('that are damaged, or of another version, are refused', async () => {
    await writeFile(paths.split, '{"version": 1, "cla');
    await expect(readRecord(paths, 'split')).rejects.toMatchObject({
      kind: 'data',
      message: /damaged/,
      details: { where: paths.split },
    });
    for (const [version, found] of [
      ['7', '7'],
      ['"1"', 'unknown'],
    ]) {
      await writeFile(paths.split, `{"version": ${version}}`);
      await expect(readRecord(paths, 'split')).rejects.toMatchObject({
        message: /another version/,
        details: { found: `format version ${found}` },
      });
    }
  });

  it('of a run that ended before it had any are undefined', async () => {
    for (const read of [readSplit, readPlan, readMetrics]) {
      expect(await read(paths)).toBeUndefined();
    }
  });

  it('are read as far as the run came', async () => {
    await writeRecord(paths, 'split', split);
    expect(await readSplit(paths)).toEqual(split);
    expect(await readPlan(paths)).toBeUndefined();
    await writeRecord(paths, 'plan', plan);
    expect(await readPlan(paths)).toEqual(plan);
    const config = testConfig();
    const run = { folder: paths.folder, config, split, plan, metrics: undefined };
    expect(await readRun(paths.folder, config)).toEqual(run);
    await writeRecord(paths, 'metrics', measured);
    expect(await readMetrics(paths)).toEqual(metrics);
    expect(await readRun(paths.folder, config)).toEqual({ ...run, metrics });
  });

  it('are missed where a plan says that there must be a split', async () => {
    await writeRecord(paths, 'plan', plan);
    await expect(readSplit(paths)).rejects.toMatchObject({
      kind: 'usage',
      details: { expected: paths.split, found: 'no such file' },
    });
  });
});
