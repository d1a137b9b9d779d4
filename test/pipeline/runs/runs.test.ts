import { mkdir, readdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { takeLock } from '../../../src/base/lock.ts';
import { compareRuns, differingSettings } from '../../../src/pipeline/runs/compare-runs.ts';
import { findRuns } from '../../../src/pipeline/runs/find-runs.ts';
import { removeRuns } from '../../../src/pipeline/runs/remove-runs.ts';
import { summarise } from '../../../src/pipeline/runs/run-summary.ts';
import { useTemporaryFolder } from '../../dataset/images.ts';
import { writeEvents, writeRun } from '../../report/run-folder.ts';

const folder = useTemporaryFolder();
const { signal } = new AbortController();

const image = (at: number) => ({ path: `${at}.png`, hash: `hash${at}`, label: at % 2 });
const images = [0, 1, 2, 3].map(image);
const wanted = { classes: ['a', 'b'], images, data: 'pictures' };
const at = (name: string) => join(folder(), name);

it('finds the runs below a folder, none inside of another, and follows no links', async () => {
  for (const name of ['one', 'group/deeper/two', 'one/model/inner', 'node_modules/three']) {
    await writeRun(at(name), wanted);
  }
  await mkdir(at('no run/model'), { recursive: true });
  await symlink(at('group'), at('link'));
  expect(await findRuns(folder(), signal)).toEqual([at('group/deeper/two'), at('one')]);
  expect(await findRuns(at('one'), signal)).toEqual([at('one')]);
  await expect(findRuns(at('none'), signal)).rejects.toMatchObject({
    exitCode: 2,
    details: { found: 'no such folder', where: at('none') },
  });
  await expect(findRuns(folder(), AbortSignal.abort())).rejects.toMatchObject({ exitCode: 130 });
});

it('says how far a run has come, whatever is missing or damaged', async () => {
  const paths = await writeRun(at('run'), wanted);
  expect(await summarise(at('run'))).toMatchObject({
    ...{ state: 'done', config: { backbone: 'vgg-nano' } },
    ...{ plan: { strategy: 'head' }, metrics: { images: 4, side: 'test' } },
  });
  await writeEvents(paths, [{ type: 'stage', stage: 'train', message: 'training' }]);
  expect((await summarise(at('run'))).state).toBe('stopped');
  const unlock = await takeLock(join(at('run'), 'lock'), { busy: 'busy' });
  expect((await summarise(at('run'))).state).toBe('at work');
  await unlock();
  await truncate(paths.metrics, 30);
  expect(await summarise(at('run'))).toMatchObject({
    ...{ state: 'damaged', problem: expect.stringContaining('metrics.json is damaged') },
    ...{ metrics: undefined, plan: undefined },
  });
  await writeFile(paths.config, 'data: [');
  expect((await summarise(at('run'))).state).toBe('damaged');
});

it('compares settings one by one, and says whether the same images were measured', async () => {
  expect(
    differingSettings([
      { out: 'x', epochs: 2, optimizer: { kind: 'sgd', momentum: 0.9 }, list: [1] },
      { out: 'y', epochs: 3, optimizer: { kind: 'adam' }, list: [1] },
    ]),
  ).toEqual([
    { key: 'epochs', values: [2, 3] },
    { key: 'optimizer.kind', values: ['sgd', 'adam'] },
    { key: 'optimizer.momentum', values: [0.9, null] },
  ]);
  await writeRun(at('one'), wanted);
  await writeRun(at('same'), { ...wanted, images: images.toReversed() });
  await writeRun(at('other'), { ...wanted, images: images.map((each) => ({ ...each, label: 0 })) });
  expect(await compareRuns([at('one'), at('same')])).toMatchObject({
    ...{ sameImages: true, settings: [] },
  });
  expect((await compareRuns([at('one'), at('other')])).sameImages).toBe(false);
  await expect(compareRuns([at('one'), folder()])).rejects.toMatchObject({
    message: `${folder()} is not the folder of a run`,
  });
});

it('removes what a run has made and nothing else, and nothing where one of several cannot be', async () => {
  await writeRun(at('one'), wanted);
  await writeRun(at('two'), wanted);
  await writeFile(join(at('two'), 'notes.txt'), 'mine');
  const unlock = await takeLock(join(at('two'), 'lock'), { busy: 'busy' });
  await expect(removeRuns([at('one'), at('two')], signal)).rejects.toMatchObject({ exitCode: 2 });
  await unlock();
  await expect(removeRuns([at('one'), folder()], signal)).rejects.toMatchObject({ exitCode: 2 });
  expect(await findRuns(folder(), signal)).toEqual([at('one'), at('two')]);
  expect(await removeRuns([at('one'), at('two'), at('one')], signal)).toEqual([
    at('one'),
    at('two'),
  ]);
  expect(await readdir(folder())).toEqual(['two']);
  expect(await readdir(at('two'))).toEqual(['notes.txt']);
});
