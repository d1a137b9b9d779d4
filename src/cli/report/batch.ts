import {
  type BatchResults,
  RUN_STATUSES,
  type RunResult,
  type RunStatus,
} from '../../batch/results.ts';
import { decimal, duration, percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { type Column, table } from '../table.ts';
import type { Style, Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

/** The name of each state of a run. */
export const STATUS_NAMES: Readonly<Record<RunStatus, string>> = {
  passed: 'passed',
  'gate-missed': 'gate missed',
  failed: 'failed',
  interrupted: 'interrupted',
  stopped: 'stopped',
  waiting: 'not reached',
};

export const STATUS_STYLES: Readonly<Record<RunStatus, Style>> = {
  passed: 'green',
  'gate-missed': 'red',
  failed: 'red',
  interrupted: 'yellow',
  stopped: 'dim',
  waiting: 'dim',
};

/** `accuracy 93.4 %`, `loss 0.412` */
export function metricText(metric: string, value: number | undefined): string {
  if (value === undefined) return '-';
  return metric === 'loss' ? decimal(value) : percent(value);
}

/** Renders the ranking, then the failures, then where the results are. */
export function batchLines(
  results: BatchResults,
  files: readonly string[],
  { width, paint }: Terminal,
): string[] {
  const { runs, ranking, metric } = results;
  const byName = new Map(runs.map((run) => [run.name, run]));
  const measured = ranking.flatMap((name) => byName.get(name) ?? []);
  const others = runs.filter(({ name }) => !ranking.includes(name));
  const columns: Column[] = [
    { header: '#', align: 'right' },
    { header: 'run', shrinks: true },
    { header: metric, align: 'right' },
    { header: 'took', align: 'right' },
    { header: 'state' },
  ];
  const rows = [...measured, ...others].map((run, at) => [
    at < measured.length ? String(at + 1) : '-',
    printable(run.name),
    metricText(metric, run.metrics[metric]),
    run.reused ? '-' : duration(run.seconds),
    run.reused ? `${STATUS_NAMES[run.status]}, kept` : STATUS_NAMES[run.status],
  ]);
  const [header = '', ...lines] = table(columns, rows, width);
  return [
    paint('dim', header),
    ...lines,
    ...problems(runs),
    '',
    summary(results),
    ...files.map((path) => `  ${shortPath(path)}`),
  ];
}

function problems(runs: readonly RunResult[]): string[] {
  const lines = runs.flatMap((run) => [
    ...run.missed.map(({ gate, value }) => {
      const found = value === undefined ? 'not measured' : decimal(value, 4);
      return `${printable(run.name)}: gate missed: ${printable(gate.text)}: ${gate.metric} is ${found}`;
    }),
    ...(run.error === undefined ? [] : [`${printable(run.name)}: ${printable(run.error.message)}`]),
  ]);
  return lines.length === 0 ? [] : ['', ...lines];
}

function summary({ counts, runs }: BatchResults): string {
  const parts = RUN_STATUSES.flatMap((status) =>
    counts[status] === 0 ? [] : [`${counts[status]} ${STATUS_NAMES[status]}`],
  );
  return `${plural(runs.length, 'run')}: ${parts.join(', ')}`;
}
