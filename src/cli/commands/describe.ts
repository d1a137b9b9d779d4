import { describeWeights, type WeightsDescription } from '../../pipeline/weights.ts';
import type { Command } from '../command.ts';
import { bytes, grouped } from '../figures.ts';
import { facts, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { printable } from '../width.ts';

export const command: Command = {
  usage: 'describe FILE',
  description: [
    'Says what a weights file holds: format, family, network, classes, preprocessing, tensors, and',
    'what is missing or surplus. Reads safetensors, PyTorch .pth and Keras .h5, recognised by their',
    'content; nothing in a file is run.',
  ].join('\n'),
  positionals: { least: 1, most: 1, what: 'a weights file' },
  options: [{ name: 'tensors', kind: 'boolean', description: 'list every tensor' }],
  examples: [['vggtune describe vgg16-397923af.pth', 'a published file']],
  run: async (args, { terminal }) => {
    const description = await describeWeights(args.positionals[0] ?? '');
    const lines = describeLines(description);
    const all = args.flag('tensors') ? ['', ...tensorLines(description, terminal)] : [];
    return { document: description, text: [...lines, ...all].join('\n') };
  },
};

const NAMED = 8;

function some(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  return names.slice(0, NAMED).map(printable).join(', ') + more;
}

function describeLines(about: WeightsDescription): string[] {
  const { preprocessing } = about;
  return facts([
    ['file', `${printable(about.path)} (${bytes(about.bytes)}, ${about.format})`],
    ['family', about.family],
    ['network', about.backbone ?? about.structure],
    ['classes', about.classes === undefined ? 'no output layer' : grouped(about.classes)],
    ['parameters', grouped(about.parameters)],
    ['preprocessing', preprocessing === undefined ? 'not known' : preprocessingText(preprocessing)],
    ['missing', some(about.missing)],
    ['surplus', some(about.surplus)],
  ]);
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
