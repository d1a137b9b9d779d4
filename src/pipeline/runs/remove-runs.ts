import { rmdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { takeRun } from '../../run/store.ts';
import { expectRun } from './compare-runs.ts';

/**
 * Removes runs: the files that a run makes, and its folder where nothing else is in it. All are looked at before the
 * first is removed.
 * @returns the folders, absolute
 * @throws VggtuneError (usage) when a folder holds no run, or another process is at work in it
 */
export async function removeRuns(
  folders: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const wanted = [...new Set(folders.map((folder) => resolve(folder)))];
  for (const folder of wanted) await expectRun(folder);
  const taken: Awaited<ReturnType<typeof takeRun>>[] = [];
  try {
    for (const folder of wanted) taken.push(await takeRun(folder, { signal }));
    for (const { remove } of taken) await remove();
  } finally {
    for (const { unlock } of taken) await unlock();
  }
  // It may hold what somebody else has put there.
  for (const folder of wanted) await rmdir(folder).catch(() => {});
  return wanted;
}
