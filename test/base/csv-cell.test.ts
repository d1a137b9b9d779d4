import { expect, it } from 'vitest';
import { csvCell, csvCellText } from '../../src/base/csv-cell.ts';
import { parseCsv } from '../../src/dataset/csv.ts';

const TEXTS = [
  'plain.png',
  '=cmd|x',
  "'=x",
  "''@x",
  "'plain",
  '-5',
  '-a/b.png',
  'a, "b"\n.png',
  ' spaces ',
  '\ttab',
  '＝wide',
  'ends with a space ',
];

it('gives back every text that it was made from', () => {
  const [row] = parseCsv(TEXTS.map(csvCell).join(','), 'cells');
  expect(row?.cells.map(csvCellText)).toEqual(TEXTS);
});

it('leaves no text that a spreadsheet would take for a formula', () => {
  const [row] = parseCsv(TEXTS.map(csvCell).join(','), 'cells');
  const formulas = row?.cells.filter((cell) => /^[=+\-@\t\r\n＝]/.test(cell) && cell !== '-5');
  expect(formulas).toEqual([]);
});
