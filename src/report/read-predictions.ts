import { csvCellText } from '../base/csv-cell.ts';
import { dataError } from '../base/errors.ts';
import { parseCsv } from '../dataset/csv.ts';
import { FIRST_COLUMNS, LAST_COLUMN } from '../run/predictions-csv.ts';
import type { ImagePrediction } from '../run/record.ts';

/**
 * The rows of predictions.csv.
 * @throws VggtuneError (data) when it is no such file
 */
export function parsePredictions(text: string, where: string): readonly ImagePrediction[] {
  const [header, ...rows] = parseCsv(text, where);
  const names = header?.cells ?? [];
  const first = FIRST_COLUMNS.length;
  const isOurs = FIRST_COLUMNS.every((name, at) => names[at] === name);
  if (!isOurs || names.at(-1) !== LAST_COLUMN) {
    throw dataError(`${where} does not hold the predictions of a run`, {
      expected: `the columns ${FIRST_COLUMNS.join(', ')}, guesses, ${LAST_COLUMN}`,
      found: names.slice(0, 8).join(', ') || 'no header',
      where,
      fix: 'write it again with `vggtune evaluate RUN`',
    });
  }
  const last = names.length - 1;
  return rows.map(({ cells }) => {
    const text = (at: number) => csvCellText(cells[at] ?? '');
    const ranks = Array.from({ length: (last - first) / 2 }, (_, rank) => first + 2 * rank);
    return {
      path: text(0),
      label: text(1),
      guesses: ranks
        .filter((at) => (cells[at + 1] ?? '') !== '')
        .map((at) => ({ label: text(at), probability: Math.fround(Number(cells[at + 1])) })),
      loss: numberOrNull(cells[last]),
    };
  });
}

function numberOrNull(cell: string | undefined): number | null {
  const value = Number(cell ?? '');
  return cell === undefined || cell === '' || !Number.isFinite(value) ? null : value;
}
