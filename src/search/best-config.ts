import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { refuseForeign } from '../batch/refuse-foreign.ts';
import { absolutePathValues } from '../config/file-paths.ts';
import type { GateMetric } from '../config/gates.ts';
import type { Candidate } from './candidate.ts';

/** The config of the best run, beside the results. */
const BEST_FILE = 'best.yaml';
/** The first words of the file, by which it is known again. */
const MARK = '# The best settings that a search of vggtune has found';

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
  // The file lies elsewhere than the one that it is made of, and the run folder of a search is its own.
  const { out: _, advise: __, ...values } = absolutePathValues(run.settings.values);
  // What advice would say again may differ from what it said, so that the strategy is named, and nothing is asked.
  await writeFileAtomic(path, head + stringify({ ...values, strategy: result.strategy }));
  return path;
}

/** @throws VggtuneError (usage) where the file would replace one that no search has written */
export async function refuseForeignBest(folder: string): Promise<void> {
  await refuseForeign(join(folder, BEST_FILE), (text) => text.startsWith(MARK), 'search');
}
