import type { Explained } from '../../explain/lesson.ts';
import { short, square } from '../../explain/numbers.ts';
import { pointsOf } from '../../explain/points.ts';
import { type LessonTable, tablesOf } from '../../explain/tables.ts';
import { shortPath } from '../shell.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable, wrap } from '../width.ts';

/** Renders a lesson: its tables, and below them what they show. */
export function explainedLines(
  { what, size, totals, lesson, page }: Explained,
  { width, paint }: Pick<Terminal, 'width' | 'paint'>,
): string[] {
  return [
    ...wrap(printable(what), width),
    ...wrap(
      `input ${square(size)}, ${short(totals.parameters)} parameters, ${short(totals.macs)} multiply-adds an image`,
      width,
    ),
    ...tablesOf(lesson).flatMap((each) => tableLines(each, { width, paint })),
    ...pointsOf(lesson).flatMap((point) => ['', ...wrap(point, Math.min(width, READABLE))]),
    ...(page === undefined ? [] : ['', `written ${printable(shortPath(page))}`]),
  ];
}

/** Lines of prose that are longer than this are hard to read. */
const READABLE = 100;

function tableLines(
  { title, columns, rows }: LessonTable,
  { width, paint }: Pick<Terminal, 'width' | 'paint'>,
): string[] {
  const [header = '', ...lines] = table(columns, rows, width);
  return [
    '',
    ...wrap(title, width).map((line) => paint('bold', line)),
    paint('dim', header),
    ...lines,
  ];
}
