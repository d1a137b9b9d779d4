import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { interruptedError, messageOf, systemCode, usageError } from '../../base/errors.ts';
import { isRun, runPaths } from '../../run/store.ts';

/** How deep below a folder runs are looked for: a batch may put them two folders further down. */
const DEPTH = 4;
/** Folders that are large, and hold no runs. */
const NEVER = ['node_modules', '.git'];

/**
 * The run folders at a place and below it, absolute, by name. Links are not followed, and inside of a run there is none.
 * @throws VggtuneError (usage) when the place is no folder that can be read; (interrupted) on the signal
 */
export async function findRuns(place: string, signal: AbortSignal): Promise<readonly string[]> {
  const found: string[] = [];
  await look(resolve(place), DEPTH);
  return found;

  async function look(folder: string, depth: number): Promise<void> {
    if (signal.aborted) throw interruptedError('interrupted');
    if (await isRun(runPaths(folder))) {
      found.push(folder);
      return;
    }
    if (depth === 0) return;
    for (const name of await foldersIn(folder, depth === DEPTH)) {
      await look(join(folder, name), depth - 1);
    }
  }
}

/** The folders below the place that cannot be read are left out; the place itself was named. */
async function foldersIn(folder: string, wasNamed: boolean): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !NEVER.includes(entry.name));
    return folders.map(({ name }) => name).sort();
  } catch (error) {
    if (!wasNamed) return [];
    throw usageError(`runs cannot be looked for in ${folder}`, {
      expected: 'a folder that can be read',
      found: reasonOf(error),
      where: folder,
      fix: 'name a folder of runs: `vggtune train` makes them in `runs`',
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code === 'ENOENT') return 'no such folder';
  return code === 'ENOTDIR' ? 'a file' : messageOf(error);
}
