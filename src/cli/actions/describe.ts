import { stat } from 'node:fs/promises';
import { usageError } from '../../base/errors.ts';
import { unlessMachineFails } from '../../base/machine-failure.ts';
import { HEADS } from '../../config/names.ts';
import type { Output } from '../../outputs/index.ts';
import {
  type DescribeRequest,
  type Description,
  describe,
} from '../../pipeline/inspect/describe.ts';
import { describeWeights, type WeightsDescription } from '../../pipeline/inspect/weights.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { bytes, grouped } from '../number-formats.ts';
import { comparisonLines, layerLines, receptiveFieldLines } from '../report/layers.ts';
import { facts, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

export async function run(
  args: Arguments,
  { terminal }: Context,
): Promise<Outcome<Output<'describe'>>> {
  const request = requestOf(args);
  const isFile = await stat(request.subject).then(
    (found) => found.isFile(),
    unlessMachineFails(false),
  );
  const weights = isFile ? await describeWeights(request.subject) : undefined;
  const tensors =
    weights !== undefined && args.flag('tensors') ? ['', ...tensorLines(weights, terminal)] : [];
  const fileLines = weights === undefined ? [] : [...describeLines(weights), ''];
  // A VGG of another structure has tensors to show, but no layers that are known.
  if (weights !== undefined && weights.backbone === undefined) {
    return { document: weights, text: [...fileLines, ...tensors].join('\n') };
  }
  const layers = await describe(request);
  const shown = descriptionLines(layers, args, terminal);
  return {
    document: weights === undefined ? layers : { ...weights, ...layers },
    text: [...fileLines, ...shown, ...tensors].join('\n'),
  };
}

function requestOf(args: Arguments): DescribeRequest {
  const head = HEADS.find((name) => name === args.text('head'));
  const size = numberOf(args, 'size');
  const classes = numberOf(args, 'classes');
  const compare = args.has('compare') ? (numberOf(args, 'compare') ?? COMPARED) : undefined;
  return {
    subject: args.positionals[0] ?? '',
    ...(head !== undefined && { head }),
    ...(size !== undefined && { size }),
    ...(classes !== undefined && { classes }),
    ...(compare !== undefined && { compare }),
  };
}

/** The number of channels of VGG's third block. */
const COMPARED = 256;

function numberOf(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined || /^[1-9]\d{0,5}$/.test(text))
    return text === undefined ? undefined : Number(text);
  const details = { expected: 'a whole number, 1 or more', found: text, where: `--${name}` };
  throw usageError(`--${name} takes a number`, details);
}

function descriptionLines(of: Description, args: Arguments, terminal: Terminal): string[] {
  return [
    ...layerLines(of, terminal),
    ...(args.flag('receptive-field') ? receptiveFieldLines(of, terminal.paint) : []),
    ...comparisonLines(of, terminal),
  ];
}

const NAMED = 8;

function some(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  return names.slice(0, NAMED).map(printable).join(', ') + more;
}

function describeLines(about: WeightsDescription): string[] {
  const { preprocessing, preprocessingAssumed } = about;
  const assumed = preprocessingAssumed ? ' (assumed: the file does not say it)' : '';
  const rows = facts([
    ['file', `${printable(about.path)} (${bytes(about.bytes)}, ${about.format})`],
    ['family', about.family],
    ['network', about.backbone ?? about.structure],
    ['classes', about.classes === undefined ? 'no output layer' : grouped(about.classes)],
    ['parameters', grouped(about.parameters)],
    [
      'preprocessing',
      preprocessing === undefined ? 'not known' : preprocessingText(preprocessing) + assumed,
    ],
    ['missing', some(about.missing)],
    ['surplus', some(about.surplus)],
  ]);
  return [...rows, ...about.notes.map((note) => `note: ${printable(note)}`)];
}

function preprocessingText(of: NonNullable<WeightsDescription['preprocessing']>): string {
  const round = (values: readonly number[]) =>
    values.map((x) => Number(x.toPrecision(6))).join(', ');
  const scale = of.scale === 1 ? '' : ` x ${Number(of.scale.toPrecision(6))}`;
  return (
    `${of.channels.toUpperCase()}${scale}, mean ${round(of.mean)}, std ${round(of.std)}, ` +
    `shorter side to ${of.resize}, centre ${of.size}`
  );
}

function tensorLines({ tensors }: WeightsDescription, { width }: Terminal): string[] {
  const columns = [
    { header: 'tensor', shrinks: true },
    { header: 'is' },
    { header: 'type' },
    { header: 'shape' },
  ];
  const rows = tensors.map(({ name, canonical, dtype, shape }) => [
    printable(name),
    canonical ?? '(surplus)',
    dtype,
    shape.join(' x '),
  ]);
  return table(columns, rows, width);
}
