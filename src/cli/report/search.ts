import type { SearchResults } from '../../search/run-search.ts';
import { duration } from '../number-formats.ts';
import { shellWord, shortPath } from '../shell.ts';
import { printable } from '../width.ts';

/** Renders what a search came to, and what to do next. */
export function searchLines(
  { search, runs, metric }: SearchResults,
  best: string | undefined,
): string[] {
  const { budget, spent } = search;
  const took = `the search took ${duration(spent)}${budget === null ? '' : ` of ${duration(budget)}`}`;
  const run = runs.find(({ name }) => name === best);
  if (run === undefined) {
    return [
      '',
      `${took}; no run has come to its end`,
      'The same command goes on where it was; give it more time with --budget.',
    ];
  }
  const folder = shellWord(shortPath(run.folder));
  return [
    '',
    `${took}; the best by ${metric} on images that chose it: ${printable(run.name)}`,
    `  vggtune evaluate ${folder} --data FOLDER   # on images that no run has seen`,
  ];
}
