import { MEASURED_ON } from '../../metrics/measured-on.ts';
import { wilsonInterval } from '../../metrics/wilson.ts';
import type { RunComparison } from '../../pipeline/runs/compare-runs.ts';
import type { RunSummary } from '../../pipeline/runs/run-summary.ts';
import { decimal, percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { type Column, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

const LISTED: readonly Column[] = [
  { header: 'run', shrinks: true },
  { header: 'strategy' },
  { header: 'network', optional: true },
  { header: 'accuracy', align: 'right' },
  { header: '95 % interval', align: 'right', optional: true },
  { header: 'begun', optional: true },
  { header: 'state' },
];

/** A line for each run, in the order given. */
export function listedLines(runs: readonly RunSummary[], terminal: Terminal): string[] {
  const [header = '', ...lines] = table(LISTED, runs.map(listedCells), terminal.width);
  const problems = runs.flatMap(({ folder, problem }) =>
    problem === undefined ? [] : [printable(`${shortPath(folder)}: ${problem}`)],
  );
  return [terminal.paint('dim', header), ...lines, ...problems];
}

function listedCells(run: RunSummary): string[] {
  const { folder, config, plan, begun, state } = run;
  return [
    printable(shortPath(folder)),
    plan?.strategy ?? textOf(config.strategy),
    textOf(config.backbone),
    accuracyText(run),
    intervalText(run),
    begun === null ? '-' : begun.slice(0, 16).replace('T', ' '),
    state,
  ];
}

const textOf = (value: unknown) => (typeof value === 'string' ? printable(value) : '-');

const accuracyText = ({ metrics }: RunSummary) =>
  metrics?.metrics.accuracy === undefined ? '-' : percent(metrics.metrics.accuracy);

function intervalText({ metrics }: RunSummary): string {
  const accuracy = metrics?.metrics.accuracy;
  if (metrics === undefined || accuracy === undefined) return '-';
  return wilsonInterval(accuracy, metrics.images).map(percent).join(' to ');
}

/** A column for each run: figures, and the settings in which they differ. */
export function comparedLines(of: RunComparison, { width, paint }: Terminal): string[] {
  const { runs, settings, sameImages } = of;
  const columns: Column[] = [
    { header: '', shrinks: true },
    ...runs.map(({ folder }) => ({ header: printable(shortPath(folder)), shrinks: true })),
  ];
  const figures = [
    ['state', ...runs.map(({ state }) => state)],
    ['accuracy', ...runs.map(accuracyText)],
    ['95 % interval', ...runs.map(intervalText)],
    ['macro F1', ...runs.map(({ metrics }) => shareText(metrics?.metrics.macro_f1))],
    ['loss', ...runs.map(({ metrics }) => numberText(metrics?.metrics.loss))],
    ['measured on', ...runs.map(measuredText)],
    ['strategy', ...runs.map(({ plan, config }) => plan?.strategy ?? textOf(config.strategy))],
  ];
  const differing = settings
    .filter(({ key }) => key !== 'strategy')
    .map(({ key, values }) => [key, ...values.map(settingText)]);
  const [header = '', ...lines] = table(columns, [...figures, ...differing], width);
  const same = settings.length === 0 ? ['', 'All their settings are the same.'] : [];
  return [paint('dim', header), ...lines, ...same, ...(sameImages ? [] : ['', NOT_COMPARABLE])];
}

const NOT_COMPARABLE =
  'They were not all measured on the same images: their figures are not strictly comparable.';

const shareText = (share: number | undefined) => (share === undefined ? '-' : percent(share));
const numberText = (value: number | undefined) => (value === undefined ? '-' : decimal(value));

function measuredText({ metrics }: RunSummary): string {
  if (metrics === undefined) return '-';
  const [how = ''] = MEASURED_ON[metrics.side].split(':');
  return `${plural(metrics.images, 'image')} ${how}`;
}

function settingText(value: unknown): string {
  if (value === null) return '-';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
