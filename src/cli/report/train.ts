import { join } from 'node:path';
import type { RunRecord } from '../../run/record.ts';
import { grouped, percent, plural } from '../figures.ts';
import type { Collected } from '../listeners/collector.ts';
import { shellWord, shortPath } from '../shell.ts';
import { facts } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { wrap } from '../width.ts';
import { figureLines } from './metrics.ts';

/** What a person wants to know when a run has ended. */
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

function whatWasDone(record: RunRecord, { skipped, epochs }: Collected, width: number): string[] {
  const { split, plan, config } = record;
  const { train, val, test, classes } = split;
  const total = train.length + val.length + test.length;
  const bad = skipped.length === 0 ? '' : `, ${grouped(skipped.length)} skipped`;
  const sides = `${grouped(train.length)} train, ${grouped(val.length)} val, ${grouped(test.length)} test`;
  const { total: all, trained } = plan.parameters;
  const share = all === 0 ? Number.NaN : trained / all;
  const rows = facts([
    ['found', `${plural(total, 'image')} of ${plural(classes.length, 'class')} (${sides}${bad})`],
    ['network', `${config.backbone}, head ${config.head.kind}`],
    ['strategy', `${plan.strategy}: ${plan.evidence.join('; ')}`],
    ['trained', `${layers(plan.trained)}; ${grouped(trained)} parameters (${percent(share)})`],
    ['frozen', layers(plan.frozen)],
    ['epochs', grouped(epochs.length)],
  ]);
  const indent = ' '.repeat(10);
  return rows.flatMap((row) => {
    const [first = '', ...others] = wrap(row, width);
    return [
      first,
      ...others.flatMap((line) => wrap(line, width - indent.length)).map((line) => indent + line),
    ];
  });
}

/** `conv1_1 to conv5_3 (13 layers)` */
function layers(names: readonly string[]): string {
  const first = names[0];
  const last = names.at(-1);
  if (first === undefined || last === undefined) return 'nothing';
  return names.length === 1 ? first : `${first} to ${last} (${plural(names.length, 'layer')})`;
}
