import { csvCell } from '../base/csv-cell.ts';
import type { ImagePrediction } from './record.ts';

/** The number of guesses of each image that are written. */
export const GUESSES = 5;

/** The columns of `predictions.csv` before those of the guesses, and behind them. */
export const FIRST_COLUMNS = ['path', 'label'] as const;
export const LAST_COLUMN = 'loss';

/**
 * The lines of `predictions.csv`, a row for each image: RFC 4180, with a header. Numbers are written so that they are
 * read back as the same ones: the mean of the losses is the loss of metrics.json.
 */
export function predictionLines(predictions: readonly ImagePrediction[]): string[] {
  const most = Math.max(0, ...predictions.map(({ guesses }) => guesses.length));
  const ranks = Array.from({ length: most }, (_, at) => at + 1);
  const header = [
    ...FIRST_COLUMNS,
    ...ranks.flatMap((rank) => [`guess_${rank}`, `probability_${rank}`]),
    LAST_COLUMN,
  ];
  const rows = predictions.map(({ path, label, guesses, loss }) => [
    path,
    label,
    ...ranks.flatMap((_, at) => cells(guesses[at])),
    loss === null ? '' : String(loss),
  ]);
  return [header, ...rows].map((row) => row.map(csvCell).join(','));
}

function cells(guess: ImagePrediction['guesses'][number] | undefined): string[] {
  // Nine digits tell all float32 apart.
  return guess === undefined
    ? ['', '']
    : [guess.label, String(Number(guess.probability.toPrecision(9)))];
}
