import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BatchRequest, planBatch } from '../../src/batch/plan-batch.ts';
import type { ConfigError } from '../../src/config/issues.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-test-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const GOOD = 'data: pictures\nbackbone: vgg-nano\nstrategy: scratch\n';

async function file(name: string, text: string): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  return path;
}

const plan = (patterns: readonly string[], more: Partial<BatchRequest> = {}) =>
  planBatch({ patterns, above: [], failIf: [], ...more });

/** What planning says is wrong, a line each, with paths as the test named them. */
async function complaints(patterns: readonly string[], more: Partial<BatchRequest> = {}) {
  const error = await plan(patterns, more).then(
    () => undefined,
    (thrown: ConfigError) => thrown,
  );
  expect(error).toMatchObject({ name: 'ConfigError', exitCode: 2 });
  return (error?.issues ?? []).map(({ where, message }) =>
    `${where}: ${message}`.replaceAll(`${home}/`, ''),
  );
}

describe('planBatch', () => {
  it('makes a run of every combination, in a folder of its own', async () => {
    const path = await file(
      'grid.yaml',
      `${GOOD}out: ${home}/grid\nmatrix: {seed: [1, 2], epochs: [3, 4]}\n`,
    );
    const runs = await plan([path]);
    expect(runs.map(({ name }) => name)).toEqual([
      'grid/seed=1_epochs=3',
      'grid/seed=1_epochs=4',
      'grid/seed=2_epochs=3',
      'grid/seed=2_epochs=4',
    ]);
    expect(runs.map(({ folder }) => relative(join(home, 'grid'), folder))).toEqual([
      'seed=1_epochs=3',
      'seed=1_epochs=4',
      'seed=2_epochs=3',
      'seed=2_epochs=4',
    ]);
    expect(runs.every(({ state }) => state.kind === 'new')).toBe(true);
  });

  it('adds the gates of the command to those of the file', async () => {
    const path = await file('gates.yaml', `${GOOD}failIf: [accuracy < 0.5, top5 < 90%]\n`);
    const [run] = await plan([path], { failIf: ['loss > 2'] });
    expect(run?.gates.map(({ text }) => text)).toEqual([
      'accuracy < 0.5',
      'top5 < 90%',
      'loss > 2',
    ]);
  });

  it('finds files by patterns, each once', async () => {
    const glob = await file('glob[1].yaml', GOOD);
    const runs = await plan([glob, join(home, 'glob*.yaml')]);
    expect(runs.map(({ name }) => name)).toEqual(['glob[1]']);
  });

  it('tells every mistake of every file at once', async () => {
    const typo = await file('typo.yaml', `${GOOD}epoch: 3\nmatrix: {batchSize: [4, -1, big]}\n`);
    const circle = await file('circle.yaml', `extends: ./back.yaml\n${GOOD}`);
    await file('back.yaml', 'extends: ./circle.yaml\n');
    const gate = await file('gate.yaml', `${GOOD}failIf: sharpness < 1\n`);
    const clash = await file('clash.yaml', 'data: a\nstrategy: head\nweights: random\n');
    const lines = await complaints([typo, circle, gate, clash, join(home, 'no/*.yaml'), home], {
      failIf: ['accuracy'],
    });
    expect(lines).toEqual([
      'no/*.yaml: matches no file',
      `${home}: is a folder, not a config file`,
      '--fail-if: not a condition',
      'gate.yaml:4: failIf: unknown metric',
      'typo.yaml:4: epoch: unknown key "epoch"',
      'typo.yaml:5: matrix.batchSize: not a possible value',
      'typo.yaml:5: matrix.batchSize: not a possible value',
      `back.yaml:1: extends: extends itself: circle.yaml -> back.yaml -> circle.yaml`,
      'clash.yaml:3: weights: strategy head keeps layers frozen, and frozen random layers learn nothing',
    ]);
  });

  it('tells what is wrong with the command itself, whatever the files are', async () => {
    const issue = { path: '', where: '--jobs', message: 'not a possible value' };
    const above = [{ origin: 'flags', values: {}, issues: [issue] }];
    expect(await complaints([], { above })).toEqual(['--jobs: not a possible value']);
    const huge = await file('both.yaml', `${GOOD}epochz: 1\nmatrix: {seed: [1, 2, 3]}\n`);
    expect(await complaints([huge], { above, maxRuns: 2 })).toEqual([
      '--jobs: not a possible value',
      'both.yaml:4: epochz: unknown key "epochz"',
      'both.yaml: 3 runs: seed (3)',
    ]);
  });

  it('names the file that lacks something, and asks nothing more of one that cannot be read', async () => {
    const empty = await file('empty.yaml', '');
    const broken = await file('broken.yaml', 'data: [');
    const lines = await complaints([empty, broken]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe('empty.yaml: data is missing');
    expect(lines[1]).toMatch(/^broken.yaml:1: not valid YAML/);
  });

  it('refuses two runs in one folder', async () => {
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => file(`${name}.yaml`, `${GOOD}out: ${home}/shared\n`)),
    );
    expect(await complaints([a ?? '', b ?? ''])).toEqual([
      'a.yaml, b.yaml: 2 runs would write to one folder, shared',
    ]);
  });

  it('wants a word before it makes very many runs, and counts them without making them', async () => {
    const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join(', ');
    // Whoever made these first would not come to an end.
    const matrix = `matrix: {seed: [${numbers(1000)}], epochs: [${numbers(1000)}], batchSize: [${numbers(1000)}], split.seed: [${numbers(1000)}]}`;
    const path = await file('huge.yaml', `${GOOD}${matrix}\n`);
    expect(await complaints([path])).toEqual([
      'huge.yaml: 1000000000000 runs: seed (1000) x epochs (1000) x batchSize (1000) x split.seed (1000)',
    ]);
    const few = await file('few.yaml', `${GOOD}matrix: {seed: [1, 2, 3]}\n`);
    expect(await complaints([few], { maxRuns: 2 })).toHaveLength(1);
    expect(await plan([few], { maxRuns: 3 })).toHaveLength(3);
  });
});
