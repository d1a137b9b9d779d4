import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expandHome } from '../../base/home.ts';

/** How deep runs are looked for: `sweeps/monday/lr-1`. */
const DEEPEST = 3;
/** Folders of one level that are looked into: a folder of images is not searched to its end. */
const MOST = 200;

/**
 * The runs that a half-written path may become, and, with `/` behind them, the folders that lead to more.
 * @param word the path as it was written so far: `runs/ph`
 */
export async function runsFor(word: string): Promise<string[]> {
  const parent = word.slice(0, word.lastIndexOf('/') + 1);
  const folder = parent === '' ? '.' : expandHome(parent);
  const names = (await foldersIn(folder)).filter((name) => (parent + name).startsWith(word));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      if (await isRun(path)) return [parent + name];
      return (await leadsToRun(path, DEEPEST - 1)) ? [`${parent}${name}/`] : [];
    }),
  );
  return found.flat();
}

/** What cannot be read holds nothing that could be offered. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
    .slice(0, MOST);
}

async function isRun(folder: string): Promise<boolean> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return ['config.yaml', 'events.ndjson'].every((name) => names.includes(name));
}

async function leadsToRun(folder: string, depth: number): Promise<boolean> {
  for (const name of await foldersIn(folder)) {
    const path = join(folder, name);
    if (await isRun(path)) return true;
    if (depth > 1 && (await leadsToRun(path, depth - 1))) return true;
  }
  return false;
}
