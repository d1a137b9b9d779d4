import type { GateMetric } from '../../config/gates.ts';
import type { Lead } from '../../search/choose-best.ts';
import type { SearchResults } from '../../search/run-search.ts';
import { decimal, duration } from '../number-formats.ts';
import { shellWord, shortPath } from '../shell.ts';
import type { Terminal } from '../terminal.ts';
import { printable, wrap } from '../width.ts';

/** Renders what a search came to, and what to do next. */
export function searchLines(
  { search, runs, metric }: SearchResults,
  { width }: Pick<Terminal, 'width'>,
): string[] {
  const { budget, spent, best, lead } = search;
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
  const isFirst = run === runs[0];
  const name = printable(run.name);
  const verdict = isFirst
    ? `nothing is clearly better than the settings that it began with: ${name} stays`
    : `the best by ${metric} on images that chose it: ${name}`;
  return [
    '',
    ...wrap(`${took}; ${verdict}`, width),
    ...(lead === null ? [] : wrap(leadSentence(lead, { isFirst, metric }), width)),
    `  vggtune evaluate ${folder} --data FOLDER   # on images that no run has seen`,
  ];
}

function leadSentence(
  { mean, error, images }: Lead,
  { isFirst, metric }: { readonly isFirst: boolean; readonly metric: GateMetric },
): string {
  const amount = (value: number) => (metric === 'loss' ? decimal(value) : (100 * value).toFixed(1));
  const unit = metric === 'loss' ? 'nats' : 'points';
  const by = `${amount(Math.abs(mean))} ${unit} (standard error: ${amount(error)}) on the same ${images} images`;
  return isFirst
    ? `the next best is ${mean < 0 ? 'behind' : 'ahead of'} it by ${by}`
    : `it is ahead of the settings that it began with by ${by}`;
}
