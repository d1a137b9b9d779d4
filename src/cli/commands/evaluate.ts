import { EXIT_CODES } from '../../base/errors.ts';
import { broadcast } from '../../base/events.ts';
import { GATE_METRICS, missedGates } from '../../config/gates.ts';
import { ConfigError } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import { type Evaluation, evaluateRun } from '../../pipeline/evaluate.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { DEVICE_OPTION, deviceOf } from '../device-flag.ts';
import { readGates } from '../gate-flags.ts';
import { createCollector } from '../listeners/collector.ts';
import { gateLines } from '../report/gates.ts';
import { classLines, confusionLines, figureLines } from '../report/metrics.ts';
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
        "side of the run's split, by default test, or val where there is none; with --data, the side that the folder names",
      choices: SIDES,
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
  const record = await evaluateRun({
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
  return {
    document: { run: folder, ...record, failedGates, warnings, skipped },
    text: [...evaluateLines(record, context.terminal), ...gateLines(missed)].join('\n'),
    exitCode: missed.length > 0 ? EXIT_CODES.gate : EXIT_CODES.ok,
  };
}

function evaluateLines(record: Evaluation, { width, paint }: Terminal): string[] {
  const painted = ([header = '', ...rows]: readonly string[]) => [paint('dim', header), ...rows];
  return [
    ...figureLines(record),
    '',
    ...painted(classLines(record, width)),
    '',
    ...painted(confusionLines(record, width)),
  ];
}
