import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchResults } from '../../src/batch/results.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { vggtune } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';

const PICTURES = 24;

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(PICTURES / 3, join(home, 'pictures'));
  await writeRandomWeights();
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SWEEP = `data: pictures
backbone: vgg-nano
strategy: scratch
image: {size: 32}
epochs: 2
schedule: {kind: constant, warmup: 0}
export: []
matrix: {seed: [1, 2, 3, 4]}
`;

const cache = () => join(home, 'cache');
const run = (words: readonly string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: cache() } });

/** How often a run's first epoch was trained: once, however often it was taken up. */
async function firstEpochs(folder: string): Promise<number> {
  const lines = (await readFile(join(home, folder, 'events.ndjson'), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as { type: string; epoch?: number });
  return events.filter(({ type, epoch }) => type === 'epoch' && epoch === 1).length;
}

/** When each run's figures were written: a run that is repeated writes them again. */
async function written(folder: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const name of await readdir(join(home, folder)).catch(() => [])) {
    const found = await stat(join(home, folder, name, 'metrics.json')).catch(() => undefined);
    if (found !== undefined) times.set(name, found.mtimeMs);
  }
  return times;
}

/** Twelve runs of one frozen network on pictures as they are: activations are shared. */
const TWELVE = `data: pictures
backbone: vgg-nano
weights: weights.safetensors
strategy: head
epochs: 3
schedule: {kind: constant, warmup: 0}
augment: {crop: null, flip: 0, rotate: 0, brightness: 0, contrast: 0, saturation: 0, views: 1}
export: []
matrix:
  optimizer.learningRate: [0.1, 0.03, 0.01, 0.003]
  seed: [1, 2, 3]
`;

async function writeRandomWeights(): Promise<void> {
  const preprocessing = plainPreprocessing(64);
  const head = { kind: 'linear', dropout: 0, hidden: 1 } as const;
  const network = buildNetwork({ backbone: 'vgg-nano', head, classes: 2, preprocessing });
  const metadata = { preprocessing: JSON.stringify(preprocessing) };
  await writeSafetensors(join(home, 'weights.safetensors'), randomWeights(network, 1), metadata);
}

/** Rows that were ever computed into the feature cache: a row that is computed twice is there twice. */
async function computedRows(): Promise<number> {
  const features = join(cache(), 'features');
  const files = await readdir(features, { recursive: true });
  const indexes = files.filter((name) => name.endsWith('.json'));
  const counts = indexes.map(async (name) => {
    const { rows } = JSON.parse(await readFile(join(features, name), 'utf8')) as {
      rows: unknown[];
    };
    return rows.length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

describe('a batch', () => {
  it('of twelve, killed in the middle and started again, repeats nothing that was finished', async () => {
    await writeFile(join(home, 'killed.yaml'), TWELVE);
    const killed = await vggtune(['batch', 'killed.yaml'], {
      ...{ cwd: home, environment: { VGGTUNE_CACHE: cache() } },
      onStderr: (told, child) => {
        if (told.includes('[6/12]')) child.kill('SIGKILL');
      },
    });
    expect(killed.code).toBe(null);
    const before = await written('runs/killed');
    expect(before.size).toBe(5);
    expect(await computedRows()).toBe(PICTURES);

    const { code, stdout } = await run(['batch', 'killed.yaml', '--json']);
    expect(code).toBe(0);
    const { runs, counts } = JSON.parse(stdout) as BatchResults;
    expect(counts).toMatchObject({ passed: 12 });
    expect(runs.map(({ reused }) => reused)).toEqual(runs.map((_, at) => at < 5));
    const after = await written('runs/killed');
    expect(after.size).toBe(12);
    for (const [name, time] of before) expect(after.get(name)).toBe(time);
    expect(await computedRows()).toBe(PICTURES);
  });

  it('ends with 130 on Ctrl-C, says how to go on, and resumes the run that was begun', async () => {
    const text = SWEEP.replace('epochs: 2', 'epochs: 16\nearlyStop: null');
    await writeFile(join(home, 'stopped.yaml'), text.replace('[1, 2, 3, 4]', '[1, 2]'));
    let watch: NodeJS.Timeout | undefined;
    const stopped = await vggtune(['batch', 'stopped.yaml', '--json'], {
      ...{ cwd: home, environment: { VGGTUNE_CACHE: cache() } },
      onStderr: (_told, child) => {
        watch ??= setInterval(async () => {
          if ((await firstEpochs('runs/stopped/seed=1').catch(() => 0)) === 0) return;
          clearInterval(watch);
          child.kill('SIGINT');
        }, 20);
      },
    });
    expect(stopped.code, stopped.stderr).toBe(130);
    const { error } = JSON.parse(stopped.stdout) as { error: { kind: string; fix: string } };
    expect(error).toMatchObject({ kind: 'interrupted', found: expect.stringMatching(/^0 of 2/) });
    expect(error.fix).toContain('vggtune batch stopped.yaml');
    const again = await run(['batch', 'stopped.yaml', '--json']);
    expect(again.code, again.stderr).toBe(0);
    const { runs } = JSON.parse(again.stdout) as BatchResults;
    expect(runs.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(await firstEpochs('runs/stopped/seed=1')).toBe(1);
  });

  it('and other processes at the same time compute activations once', async () => {
    await rm(join(cache(), 'features'), { recursive: true });
    await writeFile(join(home, 'at-once.yaml'), TWELVE.replace('0.1, 0.03, 0.01, 0.003', '0.1'));
    const batch = ['batch', 'at-once.yaml', '--jobs', '2', '--results', 'at-once', '--json'];
    const alone = TWELVE.slice(0, TWELVE.indexOf('matrix'));
    await writeFile(join(home, 'alone.yaml'), alone);
    const train = ['train', '-c', 'alone.yaml', '--out', 'runs/alone', '--json'];
    for (const { code, stderr } of await Promise.all([run(batch), run(train)])) {
      expect(code, stderr).toBe(0);
    }
    expect(await computedRows()).toBe(PICTURES);
  });

  it.each([[], ['--dry-run']])(
    'replaces no file of somebody else, and trains nothing %j',
    async (...more) => {
      await writeFile(join(home, 'one.yaml'), SWEEP.replace('[1, 2, 3, 4]', '[1]'));
      await mkdir(join(home, 'theirs'), { recursive: true });
      await writeFile(join(home, 'theirs', 'results.csv'), 'mine');
      const refused = await run(['batch', 'one.yaml', '--results', 'theirs', ...more]);
      expect(refused.code, refused.stderr).toBe(2);
      expect(refused.stderr).toMatch(/results\.csv is there already[\s\S]*--results/);
      expect(await readdir(join(home, 'theirs'))).toEqual(['results.csv']);
      expect(await readdir(join(home, 'runs', 'one')).catch(() => [])).toEqual([]);
    },
  );

  it('goes on after a run that fails, and exits by what went wrong', async () => {
    await writeFile(join(home, 'bad.yaml'), SWEEP.replace('pictures', 'nowhere'));
    await writeFile(join(home, 'good.yaml'), SWEEP.replace('[1, 2, 3, 4]', '[1]'));
    const words = ['batch', 'bad.yaml', 'good.yaml', '--jobs', '2', '--results', 'both', '--json'];
    const { code, stdout } = await run(words);
    expect(code).toBe(3);
    const { counts } = JSON.parse(stdout) as BatchResults;
    expect(counts).toMatchObject({ failed: 4, passed: 1 });
    expect(await readFile(join(home, 'both', 'junit.xml'), 'utf8')).toContain('errors="4"');
    const gated = await run(['batch', 'good.yaml', '--fail-if', 'accuracy <= 1', '--json']);
    expect(gated.code).toBe(4);
  });

  it('that is divided among three and a list of commands ends as the whole one', async () => {
    const weightsOf = async (folder: string) => {
      const models = [1, 2, 3, 4].map((seed) => join(home, folder, `seed=${seed}`, 'model'));
      return Promise.all(models.map((at) => readFile(join(at, 'model.safetensors'), 'base64')));
    };
    for (const name of ['whole', 'shared', 'listed']) {
      await writeFile(join(home, `${name}.yaml`), SWEEP);
    }
    expect((await run(['batch', 'whole.yaml'])).code).toBe(0);

    const missing = await run(['batch', 'shared.yaml', '--collect', '--json']);
    expect(missing.code).toBe(3);
    const shares = [];
    for (const shard of ['1/3', '2/3', '3/3']) {
      const { code, stdout } = await run(['batch', 'shared.yaml', '--shard', shard, '--json']);
      expect(code).toBe(0);
      shares.push((JSON.parse(stdout) as BatchResults).runs.length);
    }
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(4);
    const { code, stdout } = await run(['batch', 'shared.yaml', '--collect', '--json']);
    expect(code).toBe(0);
    const { counts, ranking } = JSON.parse(stdout) as BatchResults;
    expect(counts.passed).toBe(4);
    expect(ranking).toHaveLength(4);
    expect(await weightsOf('runs/shared')).toEqual(await weightsOf('runs/whole'));

    const list = await run(['batch', 'listed.yaml', '--list', '--batch-size=8']);
    const commands = list.stdout.trim().split('\n');
    expect(commands).toHaveLength(4);
    const words = commands[2]?.split(' ').slice(1) ?? [];
    expect(words).toEqual([
      ...['batch', 'listed.yaml', '--run=listed/seed=3', '--results=runs/parts/listed/seed=3'],
      '--batch-size=8',
    ]);
    expect((await run(words)).code).toBe(0);
    expect(await readdir(join(home, 'runs', 'listed'))).toEqual(['seed=3']);
    const left = await run(['batch', 'listed.yaml', '--list', '--batch-size=8']);
    expect(left.stdout.trim().split('\n')).toHaveLength(3);
  });

  it.each([
    [['--shard', '5/4'], '--shard'],
    [['--run', 'good/sed=1'], 'did you mean'],
  ])('refuses %j before anything is trained', async (words, told) => {
    await writeFile(join(home, 'good.yaml'), SWEEP);
    const { code, stderr } = await run(['batch', 'good.yaml', ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(told);
  });
});
