import { EXIT_CODES } from '../../base/errors.ts';
import { broadcast } from '../../base/events.ts';
import { type Gate, missedGates } from '../../config/gates.ts';
import type { ConfigIssue } from '../../config/issues.ts';
import type { Settings } from '../../config/settings.ts';
import type { Output } from '../../outputs/index.ts';
import { type TrainRequest, train } from '../../pipeline/train.ts';
import type { RunRecord } from '../../run/record.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSettings } from '../config-sources.ts';
import { readGates } from '../gate-flags.ts';
import { type Collected, createCollector } from '../listeners/collector.ts';
import { gateLines } from '../report/gates.ts';
import { trainLines } from '../report/train.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'train'>>> {
  const began = performance.now();
  const { gates, issues } = readGates(args.list('fail-if'));
  const { collected, listen } = createCollector();
  const request: TrainRequest = {
    settings: settingsOf(args, context, issues),
    resume: args.has('resume'),
    overwrite: args.flag('overwrite'),
    offline: args.flag('offline'),
    storage: context.storage,
    signal: context.signal,
    emit: broadcast([context.emit, listen]),
  };
  const record = await train(request);
  const seconds = (performance.now() - began) / 1000;
  return outcome(record, { collected, gates, context, seconds });
}

/** `--resume RUN` names the run folder; without RUN it is the one that the settings name. */
function settingsOf(args: Arguments, context: Context, issues: readonly ConfigIssue[]): Settings {
  const settings = configSettings(args, context.environment, issues);
  const out = args.text('resume');
  return out === undefined ? settings : settings.with({ origin: '--resume', values: { out } });
}

function outcome(
  record: RunRecord,
  of: {
    readonly collected: Collected;
    readonly gates: readonly Gate[];
    readonly context: Context;
    readonly seconds: number;
  },
): Outcome<Output<'train'>> {
  const { collected, gates, context, seconds } = of;
  const missed = missedGates(gates, record.metrics?.metrics ?? {});
  const { folder, config, plan, metrics } = record;
  const { warnings, skipped, files, epochs } = collected;
  const failedGates = missed.map(({ gate, value }) => ({ gate: gate.text, value: value ?? null }));
  return {
    document: {
      run: folder,
      strategy: plan.strategy,
      plan,
      metrics: metrics ?? null,
      epochs,
      files,
      warnings,
      skipped,
      failedGates,
      config,
    },
    text: [
      ...trainLines(record, { collected, seconds }, context.terminal),
      ...gateLines(missed),
    ].join('\n'),
    exitCode: missed.length > 0 ? EXIT_CODES.gate : EXIT_CODES.ok,
  };
}
