import { join } from 'node:path';
import { systemCode, usageError } from '../base/errors.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { isRecord } from '../run/refuse-changed.ts';
import { RESULT_FILES } from './constants.ts';

/** The marks by which results of an earlier batch are told from a user's own files of the same name. */
const SIGNS: Readonly<Record<(typeof RESULT_FILES)[number], (text: string) => boolean>> = {
  'results.json': (text) => {
    try {
      const found: unknown = JSON.parse(text);
      return isRecord(found) && isRecord(found.counts) && Array.isArray(found.ranking);
    } catch {
      return false;
    }
  },
  'results.csv': (text) => text.startsWith('run,rank,status,strategy,'),
  'junit.xml': (text) => text.includes('<testsuites name="vggtune batch"'),
};

/** The results of a batch of many runs have some hundred bytes of each. */
const MOST_BYTES = 2 ** 28;

/** @throws VggtuneError (usage) where the results would replace a file that no batch has written */
export async function refuseForeignResults(folder: string): Promise<void> {
  for (const name of RESULT_FILES) await refuseForeign(join(folder, name), SIGNS[name], 'batch');
}

/** @throws VggtuneError (usage) where a result of the maker would replace a file that none of its kind has written */
export async function refuseForeign(
  path: string,
  isOurs: (text: string) => boolean,
  maker: 'batch' | 'search',
): Promise<void> {
  if (await isFreeOrOurs(path, isOurs)) return;
  throw usageError(`${path} is there already, and no ${maker} has written it`, {
    expected: `a name that is free, or the results of an earlier ${maker}`,
    found: 'a file that the results would replace',
    where: path,
    fix: 'choose another folder with --results, or move the file away',
  });
}

async function isFreeOrOurs(path: string, isOurs: (text: string) => boolean): Promise<boolean> {
  try {
    const bytes = await readPlainFile(path, { most: MOST_BYTES, what: 'results of a batch' });
    return isOurs(bytes.toString('utf8'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return true;
    return unlessMachineFails(false)(error);
  }
}
