import { csvCell } from '../base/csv-cell.ts';
import type { BatchResults, RunResult } from './results.ts';

/**
 * One row a run (RFC 4180): its name, place in the ranking, status, the values that set it apart,
 * and its figures.
 */
export function csvOf({ runs, ranking }: BatchResults): string {
  // The strategy has a column of its own, which also says what `auto` came to.
  const paths = namesOf(runs, (run) => run.values).filter((path) => path !== 'strategy');
  const metrics = namesOf(runs, (run) => run.metrics);
  const head = ['run', 'rank', 'status', 'strategy', ...paths, ...metrics];
  const rows = runs.map((run) => {
    const place = ranking.indexOf(run.name);
    return [
      run.name,
      place < 0 ? '' : String(place + 1),
      run.status,
      run.strategy,
      ...paths.map((path) => text(run.values[path])),
      ...metrics.map((metric) => text(run.metrics[metric])),
      run.seconds.toFixed(3),
      run.folder,
      run.error?.message ?? '',
    ];
  });
  const lines = [[...head, 'seconds', 'folder', 'error'], ...rows];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function namesOf(
  runs: readonly RunResult[],
  of: (run: RunResult) => Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(of(run))))];
}

function text(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
