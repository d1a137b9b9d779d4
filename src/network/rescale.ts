import type { NamedTensors, Tensor } from '../base/tensor.ts';
import { tensorOf } from './fold-batch-norm.ts';
import { HEAD_NORM } from './head.ts';
import type { Layer, LayerKind, NetworkSpec } from './spec.ts';

/** Whether a layer gives c times its output for c times its input and bias, for each positive c. */
const HOMOGENEOUS = {
  conv: true,
  dense: true,
  relu: true,
  maxpool: true,
  avgpool: true,
  gap: true,
  levels: true,
  flatten: true,
  dropout: true,
  batchnorm: false,
} as const satisfies Record<LayerKind, boolean>;

/**
 * Whether all activations of a network can be divided by a constant without changing its outputs: all layers
 * are homogeneous, but for the norm of the head, which takes the scale of the features out.
 */
export function canRescale({ layers }: NetworkSpec): boolean {
  return layers.every(({ kind, name }) => HOMOGENEOUS[kind] || name === HEAD_NORM);
}

/**
 * The same network with every activation below the output layer divided by `factor`, and the same logits:
 * the first kernel and every bias are divided by it, and where the head's norm or the output layer takes
 * the features in, they are multiplied. Published families of one network differ in just this way, so a
 * step of an optimizer has the same effect on all of them only once this factor is gone.
 *
 * `rescaled(network, rescaled(network, weights, s), 1 / s)` gives the weights back, up to rounding.
 * @throws Error for a network that `canRescale` refuses: a bug of the caller
 */
export function rescaled(
  network: NetworkSpec,
  weights: NamedTensors,
  factor: number,
): NamedTensors {
  if (!canRescale(network)) throw new Error(`${network.backbone} has batch norms: it has no scale`);
  const out = new Map(weights);
  const multiply = (name: string, by: number) => out.set(name, times(tensorOf(weights, name), by));
  const isNormed = network.layers.some(({ name }) => name === HEAD_NORM);
  const first = network.layers.find(({ kind }) => kind === 'conv');
  for (const layer of network.layers) {
    for (const [suffix, by] of changes(layer, { factor, isNormed, isFirst: layer === first })) {
      multiply(`${layer.name}.${suffix}`, by);
    }
  }
  return out;
}

interface Place {
  readonly factor: number;
  /** Whether a norm takes the features in, rather than the output layer. */
  readonly isNormed: boolean;
  readonly isFirst: boolean;
}

/** The factor of each tensor of a layer. */
function changes(layer: Layer, { factor, isNormed, isFirst }: Place): [string, number][] {
  switch (layer.kind) {
    case 'conv':
      return [
        ['bias', 1 / factor],
        ...(isFirst ? [['weight', 1 / factor] as [string, number]] : []),
      ];
    case 'dense':
      if (layer.name !== 'fc8') return [['bias', 1 / factor]];
      return isNormed ? [] : [['weight', factor]];
    case 'batchnorm':
      // The variance stays: its epsilon would not scale with it.
      return [
        ['running_mean', 1 / factor],
        ['weight', factor],
      ];
    case 'relu':
    case 'maxpool':
    case 'avgpool':
    case 'gap':
    case 'levels':
    case 'flatten':
    case 'dropout':
      return [];
  }
}

function times({ shape, data }: Tensor, by: number): Tensor {
  return { shape, data: data.map((value) => value * by) };
}
