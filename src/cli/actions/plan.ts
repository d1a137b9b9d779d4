import type { Output } from '../../outputs/index.ts';
import { type PlanReport, plan } from '../../pipeline/plan.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSettings } from '../config-sources.ts';
import { bytes, duration, grouped } from '../number-formats.ts';
import { ownEvidence } from '../report/evidence.ts';
import { layerRange } from '../report/layers.ts';
import { facts, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable, wrap } from '../width.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'plan'>>> {
  const { terminal, storage, emit, signal, environment } = context;
  const settings = configSettings(args, environment);
  const offline = args.flag('offline');
  const report = await plan({ settings, offline, storage, signal, emit });
  return { document: report, text: planLines(report, terminal).join('\n') };
}

function planLines(report: PlanReport, terminal: Terminal): string[] {
  const { paint, width } = terminal;
  const bullets = (texts: readonly string[]) =>
    texts.flatMap((text) =>
      wrap(text, width - 2).map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`)),
    );
  return [
    paint('bold', 'Data'),
    ...facts(dataRows(report), width),
    '',
    paint('bold', `Strategy: ${report.strategy}`),
    ...bullets(ownEvidence(report)),
    '',
    paint('bold', 'Network'),
    ...facts(networkRows(report), width),
    '',
    paint('bold', 'Training'),
    ...phaseLines(report, terminal),
    '',
    paint('bold', 'Takes'),
    ...facts(costRows(report), width),
    '',
    paint('bold', 'Writes'),
    ...report.files,
  ];
}

function dataRows({ data, leftOut }: PlanReport): [string, string][] {
  const { sides } = data;
  const first = leftOut.slice(0, 5).map(({ path, reason }) => `${printable(path)} (${reason})`);
  return [
    ['folder', printable(data.folder)],
    ['found', `${grouped(data.images)} images in ${data.classes.length} classes`],
    ['skipped', leftOut.length === 0 ? 'nothing' : `${leftOut.length}: ${first.join(', ')}`],
    ['split', `train ${sides.train}, val ${sides.val}, test ${sides.test}`],
  ];
}

function networkRows({ config, weights, head, ...report }: PlanReport): [string, string][] {
  const { total, trained } = report.parameters;
  return [
    ['backbone', weights.startsWith(config.backbone) ? weights : `${config.backbone}, ${weights}`],
    ['head', `${head.kind}, dropout ${head.dropout}; new: ${layerRange(report.newLayers)}`],
    ['frozen', layerRange(report.frozen)],
    ['trained', layerRange(report.trained)],
    ['parameters', `${grouped(total)}, of which ${grouped(trained)} are trained`],
  ];
}

function phaseLines(
  { phases, optimizer, config }: PlanReport,
  { width, paint }: Terminal,
): string[] {
  const right = 'right' as const;
  const columns = [
    { header: 'phase' },
    { header: 'epochs', align: right },
    { header: 'group' },
    { header: 'parameters', align: right },
    { header: 'peak rate', align: right },
    { header: 'decay', align: right },
    { header: 'schedule' },
  ];
  const rows = phases.flatMap((phase) =>
    phase.groups.map((group) => [
      phase.name,
      String(phase.epochs),
      group.name,
      grouped(group.parameters),
      group.learningRate.toExponential(2),
      String(group.weightDecay),
      phase.schedule,
    ]),
  );
  if (rows.length === 0) return ['the output layer is solved to its optimum: there are no steps'];
  const [header = '', ...lines] = table(columns, rows, width);
  return [`${optimizer.kind}, batches of ${config.batchSize}`, paint('dim', header), ...lines];
}

function costRows({ estimate }: PlanReport): [string, string][] {
  if (estimate === undefined) return [['time', 'not measured']];
  if ('reason' in estimate) return [['time', estimate.reason]];
  const { seconds, featureSeconds, steps, memory, cache } = estimate;
  return [
    [
      'time',
      `${duration(seconds)} at most, of which ${duration(featureSeconds)} for frozen layers`,
    ],
    ['steps', grouped(steps)],
    ['memory', bytes(memory)],
    ['cache', bytes(cache)],
  ];
}
