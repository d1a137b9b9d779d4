import { EXIT_CODES } from '../../base/errors.ts';
import { broadcast } from '../../base/events.ts';
import { GATE_METRICS, missedGates } from '../../config/gates.ts';
import { ConfigError } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import { evaluateRun, predictionLines, worstFirst } from '../../pipeline/evaluate.ts';
import type { ImagePrediction } from '../../run/record.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { DEVICE_OPTION, deviceOf } from '../device-flag.ts';
import { readGates } from '../gate-flags.ts';
import { createCollector } from '../listeners/collector.ts';
import { wholeNumber } from '../number-arguments.ts';
import { gateLines } from '../report/gates.ts';
import { classLines, confusionLines, figureLines, type Measured } from '../report/metrics.ts';
import { worstLines } from '../report/worst.ts';
import type { Terminal } from '../terminal.ts';

const SIDES = ['train', 'val', 'test'] as const;

export const command: Command = {
  usage: 'evaluate RUN [flags]',
  description: [
    'Measures a trained model on the images that its run held back, or on others: accuracy, top-5,',
    'macro F1, precision and recall of each class, and what is taken for what.',
    '',
    `Metrics for --fail-if: ${Object.keys(GATE_METRICS).join(', ')}.`,
  ].join('\n'),
  positionals: { least: 1, most: 1, what: 'the run folder' },
  options: [
    {
      name: 'data',
      kind: 'text',
      value: 'FOLDER',
      description: 'other labelled images, laid out as for train',
    },
    {
      name: 'side',
      kind: 'text',
      value: 'NAME',
      description:
        "subset of the run's split, by default test, or val where there is none; with --data, the one that the folder names",
      choices: SIDES,
    },
    {
      name: 'worst',
      kind: 'text',
      value: 'N',
      description: 'the images that the network was most wrong about: those with the highest loss',
    },
    {
      name: 'csv',
      kind: 'boolean',
      description: 'print a row for each image as CSV, in the form of predictions.csv',
    },
    {
      name: 'predictions',
      kind: 'boolean',
      description: 'of --json: what was said of each image',
    },
    {
      name: 'fail-if',
      kind: 'list',
      value: "'METRIC < X'",
      description: 'exit 4 if it holds; may be given several times',
    },
    { ...DEVICE_OPTION, description: `${DEVICE_OPTION.description}; by default the run's own` },
  ],
  examples: [
    ['vggtune evaluate runs/photos-head', 'the images that were held back'],
    ['vggtune evaluate runs/photos-head --data newer', 'other images'],
    ['vggtune evaluate runs/photos-head --worst 20', 'where it is wrong'],
    ["vggtune evaluate runs/photos-head --fail-if 'macro_f1 < 80%'", 'in CI'],
  ],
  run,
};

async function run(args: Arguments, context: Context): Promise<Outcome<Output<'evaluate'>>> {
  const { gates, issues } = readGates(args.list('fail-if'));
  if (issues.length > 0) throw new ConfigError(issues);
  const { collected, listen } = createCollector();
  const [folder = ''] = args.positionals;
  const data = args.text('data');
  const side = SIDES.find((name) => name === args.text('side'));
  const worst = args.text('worst');
  const count = worst === undefined ? undefined : wholeNumber('--worst', worst);
  const { predictions, ...record } = await evaluateRun({
    run: folder,
    ...(data === undefined ? {} : { data }),
    ...(side === undefined ? {} : { side }),
    ...deviceOf(args),
    storage: context.storage,
    signal: context.signal,
    emit: broadcast([context.emit, listen]),
  });
  const missed = missedGates(gates, record.metrics);
  const failedGates = missed.map(({ gate, value }) => ({ gate: gate.text, value: value ?? null }));
  const { warnings, skipped } = collected;
  const worstOnes = count === undefined ? undefined : worstFirst(predictions).slice(0, count);
  const csv = args.flag('csv');
  return {
    document: {
      run: folder,
      ...record,
      ...(worstOnes !== undefined && { worst: worstOnes }),
      ...(args.flag('predictions') && { predictions }),
      ...{ failedGates, warnings, skipped },
    },
    text: csv
      ? predictionLines(worstOnes ?? predictions).join('\n')
      : [
          ...evaluateLines(record, { worst: worstOnes }, context.terminal),
          ...gateLines(missed),
        ].join('\n'),
    forPrograms: csv,
    exitCode: missed.length > 0 ? EXIT_CODES.gate : EXIT_CODES.ok,
  };
}

/** With the worst images only these and the metrics are shown, so that all fits one screen. */
function evaluateLines(
  record: Measured,
  { worst }: { readonly worst: readonly ImagePrediction[] | undefined },
  { width, paint }: Terminal,
): string[] {
  const painted = ([header = '', ...rows]: readonly string[]) => [paint('dim', header), ...rows];
  if (worst !== undefined) {
    // A pipe or a file has no width, and a name that is cut names no file.
    const space = process.stdout.isTTY === true ? width : Number.POSITIVE_INFINITY;
    return [...figureLines(record), '', ...painted(worstLines(worst, space))];
  }
  return [
    ...figureLines(record),
    '',
    ...painted(classLines(record, width)),
    '',
    ...painted(confusionLines(record, width)),
  ];
}
