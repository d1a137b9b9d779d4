import { groupBy } from '../base/group-by.ts';
import type { Shape } from '../base/tensor.ts';
import { blockOf } from '../network/boundary.ts';
import { compareKernels, type KernelComparison } from '../network/kernels.ts';
import { type LayerRow, layerTable, totalsOf } from '../network/layer-table.ts';
import { receptiveFieldSteps } from '../network/receptive-field.ts';
import type { Layer, NetworkSpec } from '../network/spec.ts';
import { LARGE_KERNELS, lastMap } from './receptive-field.ts';

/** A layer with kernels: a convolution, or a dense layer, whose kernel is as large as what it takes in. */
export interface KernelLayer {
  readonly name: string;
  readonly kind: 'conv' | 'dense';
  /** Side of a kernel, in cells; absent for a dense layer. */
  readonly kernel?: number;
  readonly inputs: number;
  readonly outputs: number;
  /** The output, without the batch axis. */
  readonly output: Shape;
  readonly parameters: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  /** Shares of those of the whole network. */
  readonly ofParameters: number;
  readonly ofMacs: number;
}

/** The 3x3 convolutions of a block, beside one kernel that takes the same channels, gives the same, and sees the same. */
export interface BlockStack {
  readonly block: string;
  readonly layers: readonly string[];
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the square that both see, in cells of the block's input. */
  readonly receptiveField: number;
  /** Weights of the stack and of the one kernel, biases left out; multiply-adds are as these, on one map. */
  readonly weights: number;
  readonly oneKernel: number;
  readonly macs: number;
  readonly oneKernelMacs: number;
  /** The share that the stack saves; negative where its first layer widens the map so much that it costs more. */
  readonly saved: number;
}

/** What each layer holds and costs, and what stacks of 3x3 kernels save. */
export interface KernelLesson {
  readonly topic: 'kernels';
  readonly layers: readonly KernelLayer[];
  /** Parameters in layers without kernels: batch norms. */
  readonly otherParameters: number;
  /** The blocks of several convolutions. */
  readonly blocks: readonly BlockStack[];
  /** The same with as many channels in as out, on the map of the last convolution. */
  readonly channels: number;
  readonly side: number;
  readonly stacks: readonly KernelComparison[];
}

export function kernelLesson(network: NetworkSpec): KernelLesson {
  const rows = layerTable(network);
  const totals = totalsOf(rows);
  const layers = network.layers.flatMap((layer, at) => {
    const row = rows[at];
    return row === undefined ? [] : kernelLayers(layer, row, totals);
  });
  const held = layers.reduce((sum, { parameters }) => sum + parameters, 0);
  const map = lastMap(network);
  return {
    topic: 'kernels',
    layers,
    otherParameters: totals.parameters - held,
    blocks: blockStacks(network),
    ...map,
    stacks: compareKernels(map, LARGE_KERNELS),
  };
}

function kernelLayers(
  layer: Layer,
  { name, output, parameters, macs }: LayerRow,
  totals: { readonly parameters: number; readonly macs: number },
): KernelLayer[] {
  const shares = { ofParameters: parameters / totals.parameters, ofMacs: macs / totals.macs };
  const row = { name, output, parameters, macs, ...shares };
  if (layer.kind === 'dense') {
    return [{ ...row, kind: 'dense', inputs: layer.inputs, outputs: layer.outputs }];
  }
  if (layer.kind !== 'conv') return [];
  const { kernel, inChannels: inputs, outChannels: outputs } = layer;
  return [{ ...row, kind: 'conv', kernel, inputs, outputs }];
}

type Conv = Extract<Layer, { kind: 'conv' }>;

function blockStacks({ layers, shapes }: NetworkSpec): readonly BlockStack[] {
  const convolutions = layers.flatMap((layer, at) =>
    layer.kind === 'conv' ? [{ layer, side: shapes[at]?.[1] ?? 1 }] : [],
  );
  const blocks = groupBy(convolutions, ({ layer }) => blockOf(layer));
  return [...blocks].flatMap(([block, of]) =>
    of.length < 2
      ? []
      : [
          blockStack(
            block,
            of.map(({ layer }) => layer),
            of[0]?.side ?? 1,
          ),
        ],
  );
}

function blockStack(block: string, convolutions: readonly Conv[], side: number): BlockStack {
  const windows = convolutions.map(({ name, kernel }) => ({ name, kernel, stride: 1 }));
  const receptiveField = receptiveFieldSteps(windows).at(-1)?.size ?? 1;
  const inputs = convolutions[0]?.inChannels ?? 0;
  const outputs = convolutions.at(-1)?.outChannels ?? 0;
  const weights = convolutions.reduce(
    (sum, { inChannels, outChannels, kernel }) => sum + inChannels * outChannels * kernel ** 2,
    0,
  );
  const oneKernel = inputs * outputs * receptiveField ** 2;
  return {
    block,
    layers: convolutions.map(({ name }) => name),
    inputs,
    outputs,
    receptiveField,
    weights,
    oneKernel,
    macs: weights * side ** 2,
    oneKernelMacs: oneKernel * side ** 2,
    saved: 1 - weights / oneKernel,
  };
}
