import { kernelComparison } from '../../explain/tables.ts';
import type { Description } from '../../pipeline/inspect/describe.ts';
import { grouped, plural } from '../number-formats.ts';
import { facts, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

const right = 'right' as const;

/** Renders the layers of a network with their costs, and the totals. */
export function layerLines(description: Description, { width, paint }: Terminal): string[] {
  const { layers, totals, input } = description;
  const known = totals.trained !== undefined;
  const columns = [
    { header: 'layer' },
    { header: 'output' },
    { header: 'parameters', align: right },
    { header: 'multiply-adds', align: right },
    { header: 'field', align: right },
    { header: 'stride', align: right },
    ...(known ? [{ header: 'state' }] : []),
  ];
  const rows = layers.map((layer) => [
    layer.name,
    layer.output.join(' x '),
    grouped(layer.parameters),
    grouped(layer.macs),
    layer.receptiveField === undefined ? '' : String(layer.receptiveField),
    layer.stride === undefined ? '' : String(layer.stride),
    layer.trained === undefined ? '' : layer.trained ? 'trained' : 'frozen',
  ]);
  const [header = '', ...lines] = table(columns, rows, width);
  return [
    description.what,
    `input ${input.join(' x ')}`,
    '',
    paint('dim', header),
    ...lines,
    '',
    ...facts(totalRows(description), width),
  ];
}

function totalRows({ totals }: Description): [string, string][] {
  return [
    ['parameters', grouped(totals.parameters)],
    ['multiply-adds', `${grouped(totals.macs)} an image`],
    ...(totals.trained === undefined
      ? []
      : [['trained', grouped(totals.trained)] as [string, string]]),
    ['field', 'the receptive field: the pixels of the image that an output depends on, on a side'],
  ];
}

/** Renders r_n = r_(n-1) + (k_n - 1) * j_(n-1), one line for each layer that changes anything. */
export function receptiveFieldLines({ receptiveField }: Description, paint: Terminal['paint']) {
  const steps = receptiveField.filter(({ kernel, step }) => kernel > 1 || step > 1);
  const lines = steps.map((at) => {
    const sum = `${at.sizeBefore} + (${at.kernel} - 1) * ${at.strideBefore}`;
    const stride = `${at.strideBefore} * ${at.step} = ${at.stride}`;
    return [at.name, `r = ${sum} = ${at.size}`, `j = ${stride}`] as const;
  });
  const shown = table(
    [{ header: 'layer' }, { header: 'receptive field' }, { header: 'stride' }],
    lines,
    Number.POSITIVE_INFINITY,
  );
  return [
    '',
    paint('bold', 'Receptive field: r(n) = r(n-1) + (k(n) - 1) * j(n-1), j(n) = j(n-1) * s(n)'),
    ...shown,
  ];
}

/** Renders what stacks of 3x3 kernels save, and AlexNet's layers. */
export function comparisonLines({ comparison }: Description, terminal: Terminal): string[] {
  if (comparison === undefined) return [];
  const { channels, side, alexnet } = comparison;
  return [
    '',
    terminal.paint('bold', `Small kernels, ${channels} channels on a map of ${side} x ${side}`),
    ...kernelTable(comparison, terminal.width),
    '',
    terminal.paint('bold', `AlexNet (${alexnet.source})`),
    ...alexNetTable(comparison, terminal.width),
  ];
}

type Comparison = NonNullable<Description['comparison']>;

function kernelTable({ kernels }: Comparison, width: number): string[] {
  const { columns, rows } = kernelComparison(kernels);
  return table(columns, rows, width);
}

function alexNetTable({ alexnet }: Comparison, width: number): string[] {
  const rows = alexnet.layers.map((layer) => [
    layer.name,
    layer.output.join(' x '),
    grouped(layer.parameters),
    grouped(layer.macs),
    layer.receptiveField === undefined ? '' : String(layer.receptiveField),
    layer.stride === undefined ? '' : String(layer.stride),
  ]);
  const columns = [
    { header: 'layer' },
    { header: 'output' },
    { header: 'parameters', align: right },
    { header: 'multiply-adds', align: right },
    { header: 'field', align: right },
    { header: 'stride', align: right },
  ];
  return table(columns, rows, width);
}

/** `conv1_1 to conv5_3 (13 layers)` */
export function layerRange(names: readonly string[]): string {
  const first = names[0];
  const last = names.at(-1);
  if (first === undefined || last === undefined) return 'nothing';
  return names.length === 1 ? first : `${first} to ${last} (${plural(names.length, 'layer')})`;
}
