import { spawn } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchResults } from '../../src/batch/results.ts';
import { BIN, vggtune } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(8, join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SWEEP = `data: pictures
backbone: vgg-nano
strategy: scratch
epochs: 2
schedule: {kind: constant, warmup: 0}
export: []
matrix: {seed: [1, 2, 3, 4]}
`;

const cache = () => join(home, 'cache');
const run = (words: readonly string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: cache() } });

/** When each run's figures were written: a run that is repeated writes them again. */
async function written(folder: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const name of await readdir(join(home, folder)).catch(() => [])) {
    const found = await stat(join(home, folder, name, 'metrics.json')).catch(() => undefined);
    if (found !== undefined) times.set(name, found.mtimeMs);
  }
  return times;
}

describe('a batch', () => {
  it('killed in the middle and started again repeats nothing that was finished', async () => {
    await writeFile(join(home, 'killed.yaml'), SWEEP);
    const env = { ...process.env, VGGTUNE_CACHE: cache() };
    const child = spawn(process.execPath, [BIN, 'batch', 'killed.yaml'], { cwd: home, env });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes('[3/4]')) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('exit', resolve));
    const before = await written('runs/killed');
    expect(before.size).toBe(2);
    const { code, stdout } = await run(['batch', 'killed.yaml', '--json']);
    expect(code).toBe(0);
    const { runs } = JSON.parse(stdout) as BatchResults;
    expect(runs.map(({ status }) => status)).toEqual(['passed', 'passed', 'passed', 'passed']);
    expect(runs.map(({ reused }) => reused)).toEqual([true, true, false, false]);
    const after = await written('runs/killed');
    for (const [name, time] of before) expect(after.get(name)).toBe(time);
  });

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
});
