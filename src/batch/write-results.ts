import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { junitOf } from './junit.ts';
import type { BatchResults } from './results.ts';
import { csvOf } from './results-csv.ts';

/** Writes results.json, results.csv and junit.xml, each whole or not at all. */
export async function writeResults(folder: string, results: BatchResults): Promise<void> {
  await writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
  await writeFileAtomic(join(folder, 'results.csv'), csvOf(results));
  await writeFileAtomic(join(folder, 'junit.xml'), junitOf(results));
}
