import { join } from 'node:path';
import type { RunRecord } from '../../run/record.ts';
import type { Collected } from '../listeners/collector.ts';
import { grouped, percent, plural } from '../number-formats.ts';
import { shellWord, shortPath } from '../shell.ts';
import { facts } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { layerRange } from './layers.ts';
import { figureLines } from './metrics.ts';

/** Renders the result of a run for a person. */
export function trainLines(
  record: RunRecord,
  collected: Collected,
  { width, paint }: Terminal,
): string[] {
  const { metrics, folder } = record;
  const run = shellWord(shortPath(folder));
  return [
    ...whatWasDone(record, collected, width),
    '',
    ...(metrics === undefined ? ['no images were held back to measure on'] : figureLines(metrics)),
    '',
    paint('bold', 'written'),
    ...collected.files.map(({ path, what }) => `  ${shortPath(path)}  (${what})`),
    `  ${shortPath(join(folder, 'config.yaml'))}  (every setting of the run)`,
    '',
    paint('bold', 'next'),
    `  vggtune predict ${run} IMAGES`,
    `  vggtune evaluate ${run}`,
  ];
}

function epochsFact({ plan, config }: RunRecord, epochs: number): [string, string] {
  if (epochs > 0) return ['epochs', grouped(epochs)];
  return plan.strategy === 'head' && config.head.fit === 'solve'
    ? ['fitted', 'the output layer is solved to its optimum: there are no epochs']
    : ['epochs', 'trained before, in a trial or until an interruption: events.ndjson has them'];
}

function whatWasDone(record: RunRecord, { skipped, epochs }: Collected, width: number): string[] {
  const { split, plan, config } = record;
  const { train, val, test, classes } = split;
  const total = train.length + val.length + test.length;
  const bad = skipped.length === 0 ? '' : `, ${grouped(skipped.length)} skipped`;
  const sides = `${grouped(train.length)} train, ${grouped(val.length)} val, ${grouped(test.length)} test`;
  const { total: all, trained } = plan.parameters;
  const share = all === 0 ? Number.NaN : trained / all;
  const rows: [string, string][] = [
    ['found', `${plural(total, 'image')} of ${plural(classes.length, 'class')} (${sides}${bad})`],
    ['network', `${config.backbone}, head ${config.head.kind}`],
    ['strategy', `${plan.strategy}: ${plan.evidence.join('; ')}`],
    ['trained', `${layerRange(plan.trained)}; ${grouped(trained)} parameters (${percent(share)})`],
    ['frozen', layerRange(plan.frozen)],
    epochsFact(record, epochs.length),
  ];
  return facts(rows, width);
}
