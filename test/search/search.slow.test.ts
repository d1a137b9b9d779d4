import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SearchResults } from '../../src/search/run-search.ts';
import { vggtune } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  // A test part of its own, in which each image has the label of another: who looked at it would choose the worst.
  await pictureFolder(8, join(home, 'pictures', 'train'));
  await pictureFolder(3, join(home, 'pictures', 'test'));
  const at = (name: string) => join(home, 'pictures', 'test', name);
  await rename(at('blue'), at('other'));
  await rename(at('green'), at('blue'));
  await rename(at('other'), at('green'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SWEEP = `data: pictures
backbone: vgg-nano
weights: random
strategy: scratch
image: {size: 32}
epochs: 6
schedule: {kind: cosine, warmup: 0}
earlyStop: null
export: []
matrix:
  optimizer.learningRate: {min: 1e-6, max: 1e-2, log: true}
`;

const run = (...words: string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: join(home, 'cache') } });
const weightsOf = (folder: string) =>
  readFile(join(home, folder, 'model', 'model.safetensors'), 'base64');

it('stops what is behind, ends with what an undisturbed run has, and looks at no test image', async () => {
  await writeFile(join(home, 'sweep.yaml'), SWEEP);
  // A time that is longer than any timer is no short one.
  const flags = ['--search', '5', '--budget', '1000h', '--json'];
  const { code, stdout, stderr } = await run('batch', 'sweep.yaml', ...flags);
  expect(code, stderr).toBe(0);
  const { runs, counts, best, search } = JSON.parse(stdout) as SearchResults & { best: string };
  expect(runs.map(({ name }) => name)[0]).toBe('sweep/default');
  // Of five the best two go on to a third of their epochs, and one of them to the end, beside the default.
  expect(counts).toMatchObject({ passed: 2, stopped: 4, failed: 0, waiting: 0 });
  const epochs = async (folder: string) =>
    (await readFile(join(folder, 'events.ndjson'), 'utf8'))
      .split('\n')
      .filter((line) => line.includes('"type":"epoch"')).length;
  const trained = await Promise.all(runs.map(({ folder }) => epochs(folder)));
  expect([...trained].sort()).toEqual([1, 1, 1, 2, 6, 6]);

  const winner = runs.find(({ name, status }) => status === 'passed' && name !== 'sweep/default');
  if (winner === undefined) throw new Error('one candidate comes to its end');
  const metrics = await readFile(join(winner.folder, 'metrics.json'), 'utf8');
  expect(JSON.parse(metrics)).toMatchObject({ side: 'val' });
  const rate = String(winner.values['optimizer.learningRate']);
  await writeFile(join(home, 'plain.yaml'), SWEEP.split('matrix')[0] ?? '');
  const plain = await run('train', '-c', 'plain.yaml', '--lr', rate, '--out', 'alone');
  expect(plain.code, plain.stderr).toBe(0);
  expect(await weightsOf('alone')).toBe(await weightsOf(join('runs', winner.name)));

  expect(search).toMatchObject({ budget: 3_600_000, bestConfig: join('runs', 'best.yaml') });
  const again = await run('train', '-c', 'runs/best.yaml', '--out', 'again');
  expect(again.code, again.stderr).toBe(0);
  expect(await weightsOf('again')).toBe(await weightsOf(join('runs', best)));

  // The same again goes on with the four that were stopped: two of them to a third, one of these to the end, and none
  // by an epoch more than that.
  const more = await run('batch', 'sweep.yaml', ...flags);
  expect(more.code, more.stderr).toBe(0);
  const all = await Promise.all(runs.map(({ folder }) => epochs(folder)));
  expect([...all].sort()).toEqual([1, 1, 2, 6, 6, 6]);
  const found = JSON.parse(more.stdout) as SearchResults;
  expect(found.counts).toMatchObject({ passed: 3, stopped: 3, waiting: 0 });
  for (const { status, metrics } of found.runs) expect(metrics, status).toHaveProperty('accuracy');
});

it('compares a solved output layer and trained ones on the same images, and keeps the first where chance may decide', async () => {
  const text = SWEEP.replace('epochs: 6', 'epochs: 1').replace('weights: random\n', '');
  const matrix = 'matrix:\n  strategy: [head]\n';
  await writeFile(join(home, 'kinds.yaml'), `${text.split('matrix')[0]}${matrix}`);
  const flags = ['--search', '1', '--results', 'kinds', '--json'];
  const { code, stdout, stderr } = await run('batch', 'kinds.yaml', ...flags);
  expect(code, stderr).toBe(0);
  const { runs, search } = JSON.parse(stdout) as SearchResults;
  const measured = await Promise.all(
    runs.map(async ({ folder }) => {
      const lines = (await readFile(join(folder, 'predictions.csv'), 'utf8')).trim().split(/\r?\n/);
      return lines
        .slice(1)
        .map((line) => line.split(',')[0])
        .sort();
    }),
  );
  expect(measured).toHaveLength(2);
  expect(measured[1]).toEqual(measured[0]);
  expect(measured[0]?.length).toBe(search.lead?.images);
  const [first, head] = runs.map(({ metrics }) => metrics.accuracy ?? 0);
  expect(search.lead?.mean).toBeCloseTo((head ?? 0) - (first ?? 0));
  const isClear = (search.lead?.mean ?? 0) > (search.lead?.error ?? 0);
  expect(search.best).toBe(runs[isClear ? 1 : 0]?.name);
});

it('with no time left for a run says so, and goes on where it was', async () => {
  await writeFile(join(home, 'short.yaml'), SWEEP.replace('epochs: 6', 'epochs: 400'));
  const flags = ['batch', 'short.yaml', '--search', '2', '--results', 'short'];
  const { code, stdout, stderr } = await run(...flags, '--budget', '5s');
  expect(code, stderr).toBe(3);
  expect(stdout).toContain('no run has come to its end');
  const results = JSON.parse(
    await readFile(join(home, 'short', 'results.json'), 'utf8'),
  ) as SearchResults;
  expect(results.search.bestConfig).toBe(null);
  expect(results.search.spent).toBeGreaterThanOrEqual(5);
  expect(results.counts).toMatchObject({ passed: 0, stopped: 1, waiting: 2 });
});

it('is refused beside flags that divide it, and where the best settings would replace a file', async () => {
  for (const flags of [['--jobs', '2'], ['--shard', '1/2'], ['--list']]) {
    const { code, stderr } = await run('batch', 'sweep.yaml', '--search', '2', ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(flags[0]);
  }
  await writeFile(join(home, 'best.yaml'), 'mine');
  const { code, stderr } = await run('batch', 'sweep.yaml', '--search', '2', '--results', '.');
  expect(code).toBe(2);
  expect(stderr).toContain('no search has written it');
  expect(await readFile(join(home, 'best.yaml'), 'utf8')).toBe('mine');
});
