import { cp } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { makeFolder } from '../../base/folders.ts';
import { renameFile } from '../../base/rename.ts';
import type { RunRecord } from '../../run/record.ts';
import { readPlan, writeConfig, writeRecord } from '../../run/run-records.ts';
import { openRun, type RunPaths, removeRun, runPaths } from '../../run/store.ts';
import { absolutePaths, runStrategy } from './run-strategy.ts';
import type { StrategyRun } from './strategy-run.ts';

/**
 * Goes on with a run that was begun in another folder, as if it had been begun in its own: nothing is trained
 * twice. The config comes first, so that a move that is cut short leaves a run that can be resumed; it begins
 * again then.
 * @throws VggtuneError as `runStrategy`
 */
export async function adoptRun(request: StrategyRun, begun: string): Promise<RunRecord> {
  const config = absolutePaths(request.config);
  const { paths, unlock } = await openRun(config.out, request);
  try {
    await writeConfig(paths, config);
    await moveRecords(runPaths(begun), paths);
    const plan = await readPlan(paths);
    if (plan !== undefined) {
      const evidence = [...request.evidence, ...plan.evidence.slice(-1)];
      await writeRecord(paths, 'plan', { ...plan, evidence });
    }
  } finally {
    await unlock();
  }
  // What the trial came to stays.
  await removeRun(begun);
  return runStrategy({ ...request, resume: true, overwrite: false });
}

/** What a run that has no model yet consists of. */
const MOVED = ['split', 'plan', 'events', 'best', 'last'] as const;

async function moveRecords(from: RunPaths, to: RunPaths): Promise<void> {
  await makeFolder(dirname(to.last));
  for (const name of MOVED) await move(from[name], to[name]);
}

/** A cache can be on another disk than the run. */
async function move(from: string, to: string): Promise<void> {
  try {
    await renameFile(from, to);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    if (systemCode(error) !== 'EXDEV') throw error;
    await cp(from, to, { errorOnExist: false, force: true });
  }
}
