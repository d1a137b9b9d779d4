import type { ImagePrediction } from '../../run/record.ts';
import { decimal, percent } from '../number-formats.ts';
import { type Column, table } from '../table.ts';
import { printable } from '../width.ts';

const COLUMNS: readonly Column[] = [
  { header: 'image', shrinks: 'left' },
  { header: 'true', shrinks: true },
  { header: 'predicted', shrinks: true },
  { header: 'confidence', align: 'right', optional: true },
  { header: 'loss', align: 'right' },
];

/** Renders images with their first guess, a line each. */
export function worstLines(worst: readonly ImagePrediction[], width: number): string[] {
  const rows = worst.map(({ path, label, guesses: [first], loss }) => [
    printable(path),
    printable(label),
    printable(first?.label ?? '-'),
    percent(first?.probability ?? Number.NaN),
    decimal(loss ?? Number.NaN),
  ]);
  return table(COLUMNS, rows, width);
}
