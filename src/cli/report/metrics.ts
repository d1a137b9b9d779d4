import { MEASURED_ON } from '../../metrics/measured-on.ts';
import { wilsonInterval } from '../../metrics/wilson.ts';
import type { MetricsRecord } from '../../run/record.ts';
import { decimal, grouped, percent, plural } from '../number-formats.ts';
import { type Column, facts, table } from '../table.ts';
import { printable } from '../width.ts';

/** Metrics, and the images on which they were measured. */
export type Measured = Omit<MetricsRecord, 'side'> & {
  readonly side?: MetricsRecord['side'];
  /** A folder of images other than the run's own. */
  readonly data?: string;
};

/** The number of classes from which on the first five guesses say something. */
const TOP_5_CLASSES = 10;

/** Renders metrics in a few lines. */
export function figureLines(record: Measured): string[] {
  const { metrics, images, side, data, beforeRefit, perClass } = record;
  const { accuracy = Number.NaN, top5, macro_f1: f1, loss } = metrics;
  const [low, high] = wilsonInterval(accuracy, images);
  const parts = [
    ...(side === undefined ? [] : [MEASURED_ON[side]]),
    ...(data === undefined ? [] : [`of ${printable(data)}`]),
  ];
  return facts([
    ['measured on', [plural(images, 'image'), ...parts].join(' ')],
    ...(beforeRefit === true
      ? [['', 'before the model was trained on these images too'] as const]
      : []),
    ['accuracy', `${percent(accuracy)} (95 % interval: ${percent(low)} to ${percent(high)})`],
    // Among five of six classes nearly everything is right.
    ...(perClass.length > TOP_5_CLASSES ? [['top-5', percent(top5 ?? Number.NaN)] as const] : []),
    ['macro F1', percent(f1 ?? Number.NaN)],
    ['loss', decimal(loss ?? Number.NaN)],
  ]);
}

/** The number of classes up to which all are shown; beyond it, only the worst. */
const ALL_CLASSES = 30;
const WORST_CLASSES = 15;

/** Renders precision and recall of each class, or of the worst where there are many. */
export function classLines({ perClass }: Pick<Measured, 'perClass'>, width: number): string[] {
  const many = perClass.length > ALL_CLASSES;
  const rows = many
    ? [...perClass].sort((a, b) => a.f1 - b.f1).slice(0, WORST_CLASSES)
    : [...perClass];
  const columns: Column[] = [
    { header: 'class', shrinks: true },
    { header: 'precision', align: 'right', optional: true },
    { header: 'recall', align: 'right', optional: true },
    { header: 'F1', align: 'right' },
    { header: 'images', align: 'right' },
  ];
  const cells = rows.map(({ name, precision, recall, f1, support }) => [
    printable(name),
    percent(precision),
    percent(recall),
    percent(f1),
    grouped(support),
  ]);
  const lines = table(columns, cells, width);
  const left = perClass.length - rows.length;
  return many ? [...lines, `... and ${plural(left, 'class')} with a better F1`] : lines;
}

const FOLDED_ROWS = 12;

type Matrix = Pick<Measured, 'perClass' | 'confusion'>;

/** Renders the confusion matrix; where it does not fit, the most frequent confusions. */
export function confusionLines(record: Matrix, width: number): string[] {
  const whole = wholeMatrix(record);
  return whole.length > 0 && Math.max(...whole.map((line) => line.length)) <= width
    ? whole
    : foldedMatrix(record, width);
}

const MOST_COLUMNS = 12;
const LONGEST_NAME = 16;

function wholeMatrix({ perClass, confusion }: Matrix): string[] {
  if (perClass.length > MOST_COLUMNS) return [];
  const names = perClass.map(({ name }) => printable(name));
  // Columns are numbered: names above narrow columns cannot be read.
  const columns: Column[] = [
    { header: 'true \\ predicted', shrinks: true },
    ...names.map((_, at): Column => ({ header: `(${at + 1})`, align: 'right' })),
  ];
  const rows = confusion.map((row, at) => [
    `(${at + 1}) ${names[at] ?? ''}`,
    ...row.map((count) => (count === 0 ? '·' : grouped(count))),
  ]);
  const cells = Math.max(
    5,
    ...rows.flat().map((cell) => (/^[\d,]+$/.test(cell) ? cell.length : 0)),
  );
  const first = Math.max(...rows.map(([name = '']) => name.length), LONGEST_NAME);
  return table(columns, rows, first + names.length * (cells + 2));
}

function foldedMatrix({ perClass, confusion }: Matrix, width: number): string[] {
  const mistakes = confusion.flatMap((row, is) =>
    row.flatMap((count, taken) => (is !== taken && count > 0 ? [{ is, taken, count }] : [])),
  );
  if (mistakes.length === 0) return ['no image was taken for another class'];
  mistakes.sort((a, b) => b.count - a.count || a.is - b.is || a.taken - b.taken);
  const name = (at: number) => printable(perClass[at]?.name ?? '');
  const rows = mistakes
    .slice(0, FOLDED_ROWS)
    .map(({ is, taken, count }) => [name(is), name(taken), grouped(count)]);
  const columns: Column[] = [
    { header: 'true class', shrinks: true },
    { header: 'predicted', shrinks: true },
    { header: 'images', align: 'right' },
  ];
  const left = mistakes.length - rows.length;
  const lines = table(columns, rows, width);
  return left > 0 ? [...lines, `... and ${plural(left, 'other mix-up')}`] : lines;
}
