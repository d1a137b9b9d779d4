import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StrategyName } from '../../../src/config/schema.ts';
import { Settings } from '../../../src/config/settings.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { loadData } from '../../../src/pipeline/prepare/data.ts';
import { adoptRun } from '../../../src/pipeline/run/adopt-run.ts';
import { runStrategy } from '../../../src/pipeline/run/run-strategy.ts';
import { tryStrategy } from '../../../src/pipeline/run/try-strategy.ts';
import { testStorage } from '../../storage.ts';
import { changedNames } from '../../training/fixtures.ts';
import { pictureFolder, temporaryFolder } from '../pictures.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(10, join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function requestOf(strategy: StrategyName, out: string) {
  const values = {
    data: join(home, 'pictures'),
    out: join(home, out),
    backbone: 'vgg-nano',
    epochs: 3,
    batchSize: 8,
    // A rate at which the start is not the best: a refit takes steps.
    optimizer: { learningRate: 3e-4 },
  };
  const config = Settings.of({ origin: 'test', values }).instead(strategy).for(strategy);
  const context = { storage: testStorage(), signal: new AbortController().signal, emit: () => {} };
  const data = await loadData(config, context);
  return { ...context, ...data, config, strategy, evidence: ['in a test'] };
}

const weightsOf = async (name: string) =>
  (await readSafetensors(join(home, name, 'model', 'model.safetensors'))).tensors;

it.each(['top', 'all', 'scratch'] as const)(
  'a trial of %s that is gone on with ends as a run of its own, bit for bit',
  async (strategy) => {
    await runStrategy(await requestOf(strategy, `own-${strategy}`));
    const trial = await tryStrategy(await requestOf(strategy, `trial-${strategy}`));
    await writeFile(join(home, `trial-${strategy}`, 'outcome.json'), '{}');
    const adopted = await requestOf(strategy, `adopted-${strategy}`);
    expect([...trial.right.keys()].sort()).toEqual(
      adopted.split.val.map(({ path }) => path).sort(),
    );
    expect(trial.epochs).toBeGreaterThan(0);
    const record = await adoptRun(
      { ...adopted, evidence: ['because'] },
      join(home, `trial-${strategy}`),
    );
    expect(record.plan.evidence[0]).toBe('because');
    expect(record.config.out).toBe(join(home, `adopted-${strategy}`));
    expect(
      changedNames(await weightsOf(`own-${strategy}`), await weightsOf(`adopted-${strategy}`)),
    ).toEqual([]);
    const own = await readFile(join(home, `own-${strategy}`, 'metrics.json'), 'utf8');
    expect(await readFile(join(home, `adopted-${strategy}`, 'metrics.json'), 'utf8')).toBe(own);
    expect(await readdir(join(home, `trial-${strategy}`))).toEqual(['outcome.json']);
  },
);

it('a solved output layer is asked about every image, by fits without it', async () => {
  const request = await requestOf('head', 'trial-head');
  const { right, epochs } = await tryStrategy(request);
  const { train, val } = request.split;
  expect([...right.keys()].sort()).toEqual([...train, ...val].map(({ path }) => path).sort());
  expect(epochs).toBe(0);
});
