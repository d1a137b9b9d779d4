import { csvCell } from '../../base/csv-cell.ts';
import { usageError } from '../../base/errors.ts';
import type { Output } from '../../outputs/index.ts';
import { type Prediction, predict } from '../../pipeline/predict.ts';
import { predictDense } from '../../pipeline/predict-dense.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { deviceOf } from '../device-flag.ts';
import { wholeNumber } from '../number-arguments.ts';
import { percent, plural } from '../number-formats.ts';
import { type Column, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'predict'>>> {
  const [folder = '', ...words] = args.positionals;
  const inputs = words.includes('-') ? await withListed(words, process.stdin) : words;
  const { signal, emit, terminal } = context;
  const topK = wholeNumber('--top', args.text('top') ?? '1');
  const request = { run: folder, inputs, topK, signal, emit, ...deviceOf(args) };
  const dense = denseOptions(args);
  const predictions =
    dense === undefined ? await predict(request) : await predictDense({ ...request, ...dense });
  const csv = args.flag('csv');
  const lines = csv
    ? csvLines(predictions, topK)
    : predictionLines(predictions, { topK, terminal });
  return { document: { run: folder, predictions }, text: lines.join('\n'), forPrograms: csv };
}

/**
 * The inputs with the paths that a stream lists, one a line, in place of `-`.
 * @throws VggtuneError (usage) when it lists none
 */
export async function withListed(
  words: readonly string[],
  stream: AsyncIterable<Uint8Array | string>,
): Promise<string[]> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  const lines = Buffer.concat(parts).toString('utf8').split(/\r?\n/);
  const listed = lines.filter((line) => line !== '');
  if (listed.length > 0) return words.flatMap((word) => (word === '-' ? listed : [word]));
  throw usageError('there are no paths on stdin', {
    expected: 'paths of images, one a line, in place of -',
    found: 'nothing',
    where: 'stdin',
    fix: "for example: find . -name '*.jpg' | vggtune predict RUN -",
  });
}

function denseOptions(args: Arguments) {
  const scales = args.text('scales');
  const heatMaps = args.text('heat-maps');
  if (args.flag('dense')) {
    expectCpu(args);
    return {
      ...(scales !== undefined && { scales: scales.split(',').map(Number) }),
      ...(heatMaps !== undefined && { heatMaps }),
    };
  }
  if (scales === undefined && heatMaps === undefined) return undefined;
  const where = scales === undefined ? '--heat-maps' : '--scales';
  throw usageError(`${where} goes with --dense`, { where, fix: 'add --dense, or leave it out' });
}

/** The dense form leaves the size of an image open, which only the CPU's graphs do. */
function expectCpu(args: Arguments): void {
  const { device = 'cpu' } = deviceOf(args);
  if (device === 'cpu' || device === 'auto') return;
  const fix = 'leave out --device, or --dense';
  throw usageError('--dense computes on the CPU alone', { found: device, where: '--device', fix });
}

function predictionLines(
  predictions: readonly Prediction[],
  { topK, terminal }: { readonly topK: number; readonly terminal: Terminal },
): string[] {
  const columns: Column[] = [
    { header: 'image', shrinks: 'left' },
    { header: topK > 1 ? 'classes' : 'class', shrinks: topK > 1 },
    ...(topK > 1 ? [] : [{ header: 'confidence', align: 'right' as const }]),
  ];
  const rows = predictions.map((prediction) => [
    printable(prediction.path),
    ...('error' in prediction ? [`(${prediction.error})`] : cells(prediction.guesses, topK)),
  ]);
  // A pipe or a file has no width, and a name that is cut names no file.
  const width = process.stdout.isTTY === true ? terminal.width : Number.POSITIVE_INFINITY;
  const [header = '', ...lines] = table(columns, rows, width);
  const bad = predictions.filter((prediction) => 'error' in prediction).length;
  const count = bad === 0 ? [] : ['', `${plural(bad, 'file')} could not be read`];
  return [terminal.paint('dim', header), ...lines, ...count];
}

type Guesses = Extract<Prediction, { guesses: unknown }>['guesses'];

function cells(given: Guesses, topK: number): string[] {
  if (topK > 1) {
    return [
      given.map((each) => `${printable(each.label)} ${percent(each.probability)}`).join(', '),
    ];
  }
  const [first] = given;
  return first === undefined ? [] : [printable(first.label), percent(first.probability)];
}

/** RFC 4180, one row an image; a file that could not be read has its reason in the last column. */
export function csvLines(predictions: readonly Prediction[], topK: number): string[] {
  const ranks = Array.from({ length: topK }, (_, at) => (at === 0 ? '' : `_${at + 1}`));
  const header = ['path', ...ranks.flatMap((rank) => [`label${rank}`, `probability${rank}`])];
  const rows = predictions.map((prediction) => {
    if ('error' in prediction) {
      return [prediction.path, ...ranks.flatMap(() => ['', '']), prediction.error];
    }
    const cellsOf = ranks.flatMap((_, at) => {
      const guess = prediction.guesses[at];
      return guess === undefined ? ['', ''] : [guess.label, guess.probability.toFixed(6)];
    });
    return [prediction.path, ...cellsOf, ''];
  });
  return [[...header, 'error'], ...rows].map((row) => row.map(csvCell).join(','));
}
