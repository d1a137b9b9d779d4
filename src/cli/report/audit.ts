import type { AuditReport } from '../../audit/findings.ts';
import { decimal, grouped, percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { type Column, facts, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

/** Rows that fit a screen with the facts above and below. */
const SHOWN = 10;

const COLUMNS: readonly Column[] = [
  { header: 'image', shrinks: true },
  { header: 'label', shrinks: true },
  { header: 'probably', shrinks: true },
  { header: 'wrong', align: 'right' },
];

/** Renders what an audit found, so that it fits one screen. */
export function auditLines(report: AuditReport, { paint, width }: Terminal): string[] {
  const { suspects, csv, page } = report;
  return [
    ...facts(findingFacts(report), width),
    ...(suspects.length === 0 ? [] : ['', ...suspectLines(report, { paint, width })]),
    '',
    `written ${printable(shortPath(page))} (look, and decide with a key)`,
    `written ${printable(shortPath(csv))} (or decide in its column; then train --decisions)`,
  ];
}

function findingFacts(report: AuditReport): [string, string][] {
  const { images, classes, labels, suspects, copies, outliers, looks, pairs, broken } = report;
  const differ = copies.filter(({ labelsDiffer }) => labelsDiffer).length;
  const leaks = copies.filter(({ isLeak }) => isLeak).length;
  const [pair] = pairs;
  const kinds = [...new Set(looks.map(({ look }) => look))];
  const judged =
    labels === null
      ? 'too few images to judge labels by'
      : `about ${grouped(labels.wrong)} wrong, ${grouped(suspects.length)} listed; ${percent(labels.agreement)} agree with fits that have not seen the image`;
  return [
    ['images', `${grouped(images)} in ${plural(classes.length, 'class')}`],
    ['labels', judged],
    [
      'copies',
      `${plural(copies.length, 'group')}, ${grouped(differ)} with different labels, ${grouped(leaks)} in different subsets`,
    ],
    ['out of place', plural(outliers.length, 'image')],
    [
      'hard to see',
      `${plural(looks.length, 'image')}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`,
    ],
    ['broken', plural(broken.length, 'file')],
    [
      'alike classes',
      pair === undefined
        ? 'none'
        : `${plural(pairs.length, 'pair')}, first ${pair.classes.map(printable).join(' and ')} (told apart ${percent(pair.toldApart)})`,
    ],
  ];
}

function suspectLines(
  { suspects }: AuditReport,
  { paint, width }: Pick<Terminal, 'paint' | 'width'>,
): string[] {
  const rows = suspects
    .slice(0, SHOWN)
    .map(({ path, label, likely, wrong, probability }) => [
      printable(path),
      printable(label),
      `${printable(likely)} (${decimal(100 * probability, 0)} %)`,
      percent(wrong),
    ]);
  const [header = '', ...lines] = table(COLUMNS, rows, width);
  const more = suspects.length - rows.length;
  const rest = more > 0 ? [`and ${grouped(more)} more`] : [];
  return [paint('dim', header), ...lines, ...rest];
}
