import type { Shape } from '../base/tensor.ts';
import type { LayerRow } from './layer-table.ts';
import { receptiveFieldSteps, type Window } from './receptive-field.ts';

/** A layer of AlexNet, for comparison alone: no engine takes it. */
type AlexLayer =
  | {
      readonly kind: 'conv';
      readonly name: string;
      readonly out: number;
      readonly kernel: number;
      readonly stride: number;
      readonly padding: number;
      /** Each output sees the channels of its own group alone: the two GPUs of 2012. */
      readonly groups: number;
    }
  | {
      readonly kind: 'maxpool';
      readonly name: string;
      readonly kernel: number;
      readonly stride: number;
    }
  | { readonly kind: 'dense'; readonly name: string; readonly out: number };

interface AlexRow {
  readonly name: string;
  readonly source: string;
  /** Side of the input, in pixels. */
  readonly size: number;
  readonly layers: readonly AlexLayer[];
}

type ConvRow = readonly [out: number, kernel: number, stride: number, padding: number];

function alexRow(
  of: Omit<AlexRow, 'layers'>,
  convolutions: readonly ConvRow[],
  grouped: readonly number[],
): AlexRow {
  const layers = convolutions.flatMap(([out, kernel, stride, padding], at): AlexLayer[] => {
    const number = at + 1;
    const groups = grouped.includes(number) ? 2 : 1;
    const name = `conv${number}`;
    const conv: AlexLayer = { kind: 'conv', name, out, kernel, stride, padding, groups };
    const pool: AlexLayer = { kind: 'maxpool', name: `pool${number}`, kernel: 3, stride: 2 };
    return [1, 2, 5].includes(number) ? [conv, pool] : [conv];
  });
  const dense = [4096, 4096, 1000].map(
    (out, at): AlexLayer => ({ kind: 'dense', name: `fc${at + 6}`, out }),
  );
  return { ...of, layers: [...layers, ...dense] };
}

/**
 * The two AlexNets in use: that of 2012 with convolutions 2, 4 and 5 in two groups (60,965,224
 * parameters), and torchvision's narrower one without groups (61,100,840), after "One weird trick"
 * (Krizhevsky 2014).
 */
export const ALEXNETS = {
  alexnet: alexRow(
    { name: 'alexnet', source: 'Krizhevsky et al. 2012, two groups', size: 227 },
    [
      [96, 11, 4, 0],
      [256, 5, 1, 2],
      [384, 3, 1, 1],
      [384, 3, 1, 1],
      [256, 3, 1, 1],
    ],
    [2, 4, 5],
  ),
  'alexnet-torchvision': alexRow(
    { name: 'alexnet-torchvision', source: 'torchvision, one group', size: 224 },
    [
      [64, 11, 4, 2],
      [192, 5, 1, 2],
      [384, 3, 1, 1],
      [256, 3, 1, 1],
      [256, 3, 1, 1],
    ],
    [],
  ),
} as const;
export type AlexNetName = keyof typeof ALEXNETS;

/** The layers of an AlexNet in the form of the tables of VGG. */
export function alexNetTable(name: AlexNetName): readonly LayerRow[] {
  const { size, layers } = ALEXNETS[name];
  const fields = new Map(
    receptiveFieldSteps(alexNetWindows(name)).map((step) => [step.name, step]),
  );
  let input: Shape = [3, size, size];
  return layers.map((layer) => {
    const { output, parameters, macs } = alexCost(layer, input);
    input = output;
    const field = fields.get(layer.name);
    const seen = field && { receptiveField: field.size, stride: field.stride };
    return { name: layer.name, kind: layer.kind, output, parameters, macs, ...seen };
  });
}

/** Kernels and strides of the convolutions and pools. */
export function alexNetWindows(name: AlexNetName): readonly Window[] {
  return ALEXNETS[name].layers.flatMap((layer) =>
    layer.kind === 'dense'
      ? []
      : [{ name: layer.name, kernel: layer.kernel, stride: layer.stride }],
  );
}

function alexCost(layer: AlexLayer, [channels = 0, side = 1, width = side]: Shape) {
  if (layer.kind === 'dense') {
    const inputs = channels * side * width;
    const macs = inputs * layer.out;
    return { output: [layer.out] as Shape, parameters: macs + layer.out, macs };
  }
  const padding = layer.kind === 'conv' ? layer.padding : 0;
  const out = Math.floor((side + 2 * padding - layer.kernel) / layer.stride) + 1;
  if (layer.kind === 'maxpool') return { output: [channels, out, out], parameters: 0, macs: 0 };
  const weights = (channels / layer.groups) * layer.out * layer.kernel ** 2;
  const macs = weights * out ** 2;
  return { output: [layer.out, out, out], parameters: weights + layer.out, macs };
}
