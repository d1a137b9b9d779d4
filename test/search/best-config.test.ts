import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { BatchRun } from '../../src/batch/plan-batch.ts';
import { initialResult } from '../../src/batch/runner.ts';
import { Settings } from '../../src/config/settings.ts';
import { writeBest } from '../../src/search/best-config.ts';
import { Candidate } from '../../src/search/candidate.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes every path as it is meant from the current folder, and words as they are', async () => {
  const values = {
    data: 'photos',
    weights: 'auto',
    weightsPreprocessing: 'pixels.json',
    decisions: '../audit.csv',
    out: 'runs/sweep/default',
    strategy: 'auto',
    epochs: 3,
  };
  const run: BatchRun = {
    name: 'sweep/default',
    file: 'sweep.yaml',
    choices: [],
    settings: Settings.of({ origin: 'test', values }),
    strategy: 'auto',
    folder: resolve('runs/sweep/default'),
    gates: [],
    state: { kind: 'finished', strategy: 'top', metrics: undefined },
  };
  const path = await writeBest(folder, new Candidate(run, initialResult(run)), 'accuracy');
  expect(parse(await readFile(path, 'utf8'))).toEqual({
    data: resolve('photos'),
    weights: 'auto',
    weightsPreprocessing: resolve('pixels.json'),
    decisions: resolve('../audit.csv'),
    strategy: 'top',
    epochs: 3,
  });
});
