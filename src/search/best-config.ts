import { isAbsolute, join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { systemCode, usageError } from '../base/errors.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { readPlainFile } from '../base/plain-file.ts';
import type { GateMetric } from '../config/gates.ts';
import type { ConfigSource } from '../config/settings.ts';
import type { Candidate } from './candidate.ts';

/** The config of the best run, beside the results. */
export const BEST_FILE = 'best.yaml';
/** The first words of the file, by which it is known again. */
const MARK = '# The best settings that a search of vggtune has found';
const MOST_BYTES = 2 ** 20;
/** Settings that are paths, and the words among their values that are none. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  data: [],
  weights: ['auto', 'random'],
  decisions: [],
};

/** Writes the settings of a run as a config file that `train` takes. @returns its path */
export async function writeBest(
  folder: string,
  { run, figures, result }: Candidate,
  metric: GateMetric,
): Promise<string> {
  const path = join(folder, BEST_FILE);
  const value = figures?.[metric];
  const measured = value === undefined ? '' : `: ${metric} ${value.toFixed(4)}`;
  const head = `${MARK}${measured}, on images that chose it.\n# They are those of ${run.name}, a run that is trained.\n`;
  // What advice would say again may differ from what it said.
  const values = {
    ...withPathsFrom(run.settings.values, resolve(folder)),
    strategy: result.strategy,
  };
  await writeFileAtomic(path, head + stringify(values));
  return path;
}

/** Paths in a config file mean from its folder on; the run folder of a search is its own. */
function withPathsFrom(values: ConfigSource['values'], folder: string): ConfigSource['values'] {
  const { out: _, ...kept } = values;
  const entries = Object.entries(kept).map(([key, value]): [string, unknown] => {
    const words = Object.hasOwn(PATHS, key) ? PATHS[key] : undefined;
    if (words === undefined || typeof value !== 'string' || words.includes(value)) {
      return [key, value];
    }
    const near = relative(folder, resolve(value));
    // Another drive of Windows has no relative path.
    return [key, isAbsolute(near) ? near : near.replaceAll('\\', '/') || '.'];
  });
  return Object.fromEntries(entries);
}

/** @throws VggtuneError (usage) where the file would replace one that no search has written */
export async function refuseForeignBest(folder: string): Promise<void> {
  const path = join(folder, BEST_FILE);
  try {
    const bytes = await readPlainFile(path, {
      most: MOST_BYTES,
      what: 'the best settings of a search',
    });
    if (bytes.toString('utf8').startsWith(MARK)) return;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return;
    unlessMachineFails(undefined)(error);
  }
  throw usageError(`${path} is there already, and no search has written it`, {
    expected: 'a name that is free, or the best settings of an earlier search',
    found: 'a file that would be replaced',
    where: path,
    fix: 'choose another folder with --results, or move the file away',
  });
}
