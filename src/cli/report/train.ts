import { relative } from 'node:path';
import { MEASURED_ON } from '../../metrics/measured-on.ts';
import { wilsonInterval } from '../../metrics/wilson.ts';
import type { RunRecord } from '../../run/record.ts';
import type { Collected } from '../listeners/collector.ts';
import { decimal, duration, grouped, percent, plural } from '../number-formats.ts';
import { shellWord, shortPath } from '../shell.ts';
import { facts } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable, truncate, wrap } from '../width.ts';
import { ownEvidence } from './evidence.ts';

type Row = readonly [string, string];

/** The width of the names of rows, and of the gap behind them. */
const NAMES = 13;

/**
 * Renders the result of a run for a person, on less than one screen of 24 x 80: what, how good, how long, where, what
 * next. All the evidence is in `plan.json`.
 * @param seconds that the command took
 */
export function trainLines(
  record: RunRecord,
  { collected, seconds }: { readonly collected: Collected; readonly seconds: number },
  { width, paint }: Terminal,
): string[] {
  const rows = [
    ...whatWasDone(record, collected),
    ['strategy', `${record.plan.strategy}: ${shortEvidence(record, width - NAMES)}`] as const,
    ...howGood(record),
    ['took', howLong(record, collected, seconds)] as const,
    ['written', written(record, collected)] as const,
  ];
  return [...facts(rows, width), '', paint('bold', 'next'), ...facts(nextSteps(record), width)];
}

function whatWasDone({ split, plan, config }: RunRecord, { skipped }: Collected): Row[] {
  const { train, val, test, classes } = split;
  const total = train.length + val.length + test.length;
  const bad = skipped.length === 0 ? '' : `, ${grouped(skipped.length)} skipped`;
  const sides = `${grouped(train.length)} train, ${grouped(val.length)} val, ${grouped(test.length)} test`;
  const { total: all, trained } = plan.parameters;
  const share = all === 0 ? Number.NaN : trained / all;
  const parameters = `${grouped(trained)} of ${grouped(all)} parameters trained (${percent(share)})`;
  return [
    ['found', `${plural(total, 'image')} of ${plural(classes.length, 'class')} (${sides}${bad})`],
    ['network', `${config.backbone}, head ${config.head.kind}; ${parameters}`],
  ];
}

const EVIDENCE_LINES = 2;

/** As much of the evidence as two lines hold. */
function shortEvidence({ plan }: RunRecord, width: number): string {
  const texts = ownEvidence(plan);
  const first = plan.strategy.length + 2;
  const lines = wrap(`${' '.repeat(first)}${printable(texts.join('; '))}`, width);
  if (lines.length <= EVIDENCE_LINES) return texts.join('; ');
  const kept = lines.slice(0, EVIDENCE_LINES).join(' ').trim();
  return `${truncate(kept, Math.max(kept.length - 14, 1))} (plan.json)`;
}

function howGood({ metrics: record }: RunRecord): Row[] {
  if (record === undefined) return [['accuracy', 'no images were held back to measure on']];
  const { metrics, images, side, beforeRefit } = record;
  const { accuracy = Number.NaN, macro_f1: f1 = Number.NaN, loss = Number.NaN } = metrics;
  const [low, high] = wilsonInterval(accuracy, images);
  const interval = `95 % interval: ${percent(low)} to ${percent(high)}`;
  const before = beforeRefit === true ? ', before it was trained on these too' : '';
  return [
    [
      'accuracy',
      `${percent(accuracy)} (${interval}); macro F1 ${percent(f1)}, loss ${decimal(loss)}`,
    ],
    ['measured on', `${plural(images, 'image')} ${MEASURED_ON[side]}${before}`],
  ];
}

function howLong({ plan, config }: RunRecord, { epochs }: Collected, seconds: number): string {
  const took = duration(seconds);
  if (epochs.length > 0) return `${took}, ${plural(epochs.length, 'epoch')}`;
  if (plan.strategy !== 'head' || config.head.fit !== 'solve') {
    return `${took}; trained before, in a trial or until an interruption (events.ndjson has the epochs)`;
  }
  return `${took}; the output layer was solved to its optimum, without epochs`;
}

const NAMED_FILES = 3;

function written({ folder }: RunRecord, { files }: Collected): string {
  const names = files.map(({ path }) => relative(folder, path));
  const more = names.length > NAMED_FILES ? [`${names.length - NAMED_FILES} more`] : [];
  return `${shortPath(folder)}: ${[...names.slice(0, NAMED_FILES), ...more].join(', ')}`;
}

/** What most people ask next, with the command for it. */
function nextSteps({ folder, config, plan }: RunRecord): Row[] {
  const run = shellWord(shortPath(folder));
  const data = shellWord(shortPath(config.data));
  const better =
    config.backbone === 'vgg-nano'
      ? `vggtune train ${data} --backbone vgg16`
      : `vggtune train ${data} --preset best`;
  return [
    [`  vggtune predict ${run} IMAGES`, 'name the class of images'],
    [`  vggtune evaluate ${run}`, 'each class, and the mix-ups'],
    [`  vggtune report ${run} --open`, 'the worst images, as a page'],
    [`  vggtune export ${run} -f web`, 'for a browser; Keras, PyTorch, ...'],
    [`  ${better}`, betterText(config.backbone, plan.strategy)],
  ];
}

function betterText(backbone: string, strategy: string): string {
  if (backbone === 'vgg-nano') return 'better on photographs';
  return strategy === 'head' ? 'more accurate perhaps, and slower' : 'more accurate perhaps';
}
