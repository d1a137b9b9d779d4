import type { AdviceReport } from '../../pipeline/advise.ts';
import type { TrialRow } from '../../pipeline/choose/trials.ts';
import type { Estimate } from '../../pipeline/estimate/estimate-strategies.ts';
import { bytes, decimal, duration, grouped, percent } from '../number-formats.ts';
import { facts, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { hang, printable, wrap } from '../width.ts';

/** Renders the advice: the evidence first, then the choice, then the cost of each strategy. */
export function adviceLines(report: AdviceReport, terminal: Terminal): string[] {
  const { paint, width } = terminal;
  const { advice } = report;
  const { value, level } = advice.confidence;
  const chosen = `${advice.strategy} (runner-up: ${advice.runnerUp}; confidence ${level}, ${decimal(value, 2)})`;
  return [
    paint('bold', 'Images'),
    ...facts(sizeFacts(report), width),
    '',
    paint('bold', 'Similarity'),
    ...depthLines(report, terminal),
    '',
    paint('bold', `Strategy: ${chosen}`),
    ...[...advice.evidence, advice.boundary].flatMap((text) =>
      wrap(text, width - 2).map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`)),
    ),
    ...(report.trials === undefined
      ? []
      : trialLines(report.trials, { ...terminal, advised: advice.strategy })),
    ...(report.estimates.length === 0
      ? []
      : ['', paint('bold', 'What each would take here'), ...estimateLines(report, terminal)]),
  ];
}

function sizeFacts({ data, size, duplicates }: AdviceReport): [string, string][] {
  const { perClass } = size;
  const { identical, nearImages, nearGroups, wouldHaveCrossed } = duplicates;
  const [example] = duplicates.examples;
  return [
    ['found', `${grouped(data.images)} in ${size.classes} classes, ${data.skipped} skipped`],
    ['split', `train ${data.sides.train}, val ${data.sides.val}, test ${data.sides.test}`],
    [
      'to train on',
      `${grouped(size.images)} different; per class ${perClass.fewest} to ${perClass.most}, median ${perClass.median}`,
    ],
    ['imbalance', `${decimal(size.imbalance, 1)} to 1`],
    ['identical', grouped(identical)],
    [
      'nearly same',
      `${grouped(nearImages)} images in ${nearGroups} groups, of which ${wouldHaveCrossed} would have crossed the split${example === undefined ? '' : `: ${copies(example)}`}`,
    ],
  ];
}

/** A few of the names; an image may occur a thousand times. */
function copies(paths: readonly string[]): string {
  const shown = paths.slice(0, 4).map(printable).join(' = ');
  return paths.length > 4 ? `${shown} = and ${paths.length - 4} more` : shown;
}

function depthLines({ similarity, sample }: AdviceReport, { width, paint }: Terminal): string[] {
  const rows = similarity.depths.map((depth) => [
    depth.name,
    grouped(depth.width),
    `${percent(depth.probe)} ± ${decimal(100 * depth.probeError, 1)}`,
    depth.random === null ? '-' : percent(depth.random),
    decimal(depth.logme),
    `${decimal(100 * depth.lead, 1)} ± ${decimal(100 * depth.leadError, 1)}`,
  ]);
  const columns = [
    { header: 'depth' },
    { header: 'features', align: 'right' as const },
    { header: 'linear probe', align: 'right' as const },
    { header: 'random weights', align: 'right' as const },
    { header: 'LogME', align: 'right' as const },
    { header: 'over the last', align: 'right' as const },
  ];
  const on =
    sample === undefined ? [] : [`${sample.images} images of ${sample.classes} classes sampled`];
  if (rows.length === 0) return wrap(similarity.reason, width);
  const [header = '', ...lines] = table(columns, rows, width);
  return [...on, paint('dim', header), ...lines];
}

function estimateLines({ estimates, advice, machine }: AdviceReport, terminal: Terminal): string[] {
  const rows = estimates.map((estimate) => estimateRow(estimate, advice.strategy));
  const right = 'right' as const;
  const columns = [
    { header: 'strategy' },
    { header: 'time at most', align: right },
    { header: 'memory', align: right },
    { header: 'cache', align: right },
    { header: 'trained', align: right },
  ];
  const [header = '', ...lines] = table(columns, rows, terminal.width);
  const on = `measured with ${machine.engine} on ${machine.device}, ${machine.cores} cores`;
  return [terminal.paint('dim', header), ...lines, on, ...reasonLines(estimates, terminal)];
}

function estimateRow(estimate: Estimate, chosen: string): string[] {
  const name = `${estimate.strategy}${estimate.strategy === chosen ? ' *' : ''}`;
  if ('reason' in estimate) return [name, '-', '-', '-', '-'];
  const { seconds, memory, cache, trainedParameters } = estimate;
  return [name, duration(seconds), bytes(memory), bytes(cache), grouped(trainedParameters)];
}

/** Renders the strategies by the accuracy that they reached on training images that were left out. */
export function trialLines(
  rows: readonly TrialRow[],
  terminal: Terminal & { readonly advised: string },
): string[] {
  const { width, paint, advised } = terminal;
  const right = 'right' as const;
  const columns = [
    { header: 'strategy' },
    { header: 'parts', align: right },
    { header: 'images', align: right },
    { header: 'accuracy', align: right },
    { header: 'time', align: right },
  ];
  const [header = '', ...lines] = table(
    columns,
    rows.map((row) => trialCells(row, advised)),
    width,
  );
  const reasons = reasonLines(rows, terminal);
  return ['', paint('bold', 'Trials'), paint('dim', header), ...lines, ...reasons];
}

/** Renders why a strategy has no estimate. */
function reasonLines(
  results: readonly (Estimate | TrialRow)[],
  { width }: Pick<Terminal, 'width'>,
): string[] {
  return results.flatMap((result) =>
    'reason' in result ? hang(`not ${result.strategy}: ${result.reason}`, width) : [],
  );
}

function trialCells(row: TrialRow, advised: string): string[] {
  const name = `${row.strategy}${row.strategy === advised ? ' *' : ''}`;
  if ('reason' in row) return [name, '-', '-', '-', '-'];
  const { folds, images, accuracy, seconds } = row;
  return [name, grouped(folds), grouped(images), percent(accuracy), duration(seconds)];
}
