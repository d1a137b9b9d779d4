import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';
import { vggtune } from './bin.ts';

// These run what is built: `npm test` builds first.

let home = '';
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(8, join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const run = (line: string) =>
  vggtune(line.split(' '), { cwd: home, environment: { VGGTUNE_CACHE: join(home, 'cache') } });

const SETTINGS =
  'pictures --backbone vgg-nano --weights random --epochs 2 --warmup 0 --augment.views 1 --batch-size 8';

it('train does what plan said, and plan says when train would stop', async () => {
  const planned = JSON.parse((await run(`plan ${SETTINGS} --json`)).stdout);
  expect(planned.choice.similarity.state).toBe('unmeasured');
  const trained = await run(`train ${SETTINGS} --json`);
  expect(trained.code, trained.stderr).toBe(0);
  const done = JSON.parse(trained.stdout);
  expect(planned.strategy).toBe(done.strategy);
  expect(planned.evidence).toEqual(done.plan.evidence.slice(0, planned.evidence.length));
  for (const key of ['frozen', 'trained', 'parameters'])
    expect(planned[key]).toEqual(done.plan[key]);
  expect(planned.estimate.steps).toBe(2 * Math.ceil(planned.data.sides.train / 8));
  expect(done.config).toEqual({ ...planned.config, data: resolve(home, 'pictures') });
  const again = await run(`plan ${SETTINGS}`);
  expect(again.code).toBe(0);
  expect(again.stderr).toContain('train would stop here');
  for (const part of ['Data', 'Strategy: scratch', 'Network', 'Training', 'Takes', 'Writes']) {
    expect(again.stdout).toMatch(new RegExp(`^${part}`, 'm'));
  }
});

it('trials compare what the settings allow, and leave no runs', async () => {
  const { code, stdout, stderr } = await run(
    'advise pictures --backbone vgg-nano --warmup 60 --skip-estimates --advise.budget 8s --out runs/tried',
  );
  expect(code, stderr).toBe(0);
  expect(stderr.match(/^engine: /gm)).toHaveLength(1);
  expect(stdout).toMatch(/^not all: .*warm-up/m);
  expect(stdout).toMatch(/^head \* +\d +\d+ +\d/m);
  await expect(rm(join(home, 'runs', 'tried'))).rejects.toThrow('ENOENT');
});
