import { EXIT_CODES } from '../../base/errors.ts';
import { broadcast, type Emit } from '../../base/events.ts';
import { missedGates } from '../../config/gates.ts';
import { ConfigError } from '../../config/issues.ts';
import { SIDES } from '../../config/names.ts';
import type { Output } from '../../outputs/index.ts';
import {
  type EvaluateRequest,
  evaluateRun,
  predictionLines,
  worstFirst,
} from '../../pipeline/evaluate.ts';
import type { ImagePrediction } from '../../run/record.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { deviceOf } from '../device-flag.ts';
import { readGates } from '../gate-flags.ts';
import { createCollector } from '../listeners/collector.ts';
import { wholeNumber } from '../number-arguments.ts';
import { gateLines } from '../report/gates.ts';
import { classLines, confusionLines, figureLines, type Measured } from '../report/metrics.ts';
import { worstLines } from '../report/worst.ts';
import type { Terminal } from '../terminal.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'evaluate'>>> {
  const { gates, issues } = readGates(args.list('fail-if'));
  if (issues.length > 0) throw new ConfigError(issues);
  const { collected, listen } = createCollector();
  const worst = args.text('worst');
  const count = worst === undefined ? undefined : wholeNumber('--worst', worst);
  const { predictions, ...record } = await evaluateRun(requestOf(args, context, listen));
  const missed = missedGates(gates, record.metrics);
  const failedGates = missed.map(({ gate, value }) => ({ gate: gate.text, value: value ?? null }));
  const { warnings, skipped } = collected;
  const worstOnes = count === undefined ? undefined : worstFirst(predictions).slice(0, count);
  const csv = args.flag('csv');
  return {
    document: {
      run: runOf(args),
      ...record,
      ...(worstOnes !== undefined && { worst: worstOnes }),
      ...(args.flag('predictions') && { predictions }),
      failedGates,
      warnings,
      skipped,
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

const runOf = ({ positionals: [run = ''] }: Arguments) => run;

function requestOf(args: Arguments, context: Context, listen: Emit): EvaluateRequest {
  const data = args.text('data');
  const side = SIDES.find((name) => name === args.text('side'));
  return {
    run: runOf(args),
    ...(data === undefined ? {} : { data }),
    ...(side === undefined ? {} : { side }),
    ...deviceOf(args),
    storage: context.storage,
    signal: context.signal,
    emit: broadcast([context.emit, listen]),
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
