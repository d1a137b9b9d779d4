import { type NamedTensors, sizeOf, type Tensor } from '../base/tensor.ts';
import type { NetworkSpec } from './spec.ts';

export interface Folded {
  /** The batch norms that were removed. */
  readonly layers: ReadonlySet<number>;
  /** The weights with the convolutions before them changed. */
  readonly weights: NamedTensors;
}

/**
 * Puts each batch norm in inference mode into the convolution before it:
 * s = weight / sqrt(variance + epsilon), kernel' = s kernel, bias' = s (bias - mean) + shift.
 *
 * @param layerRange the layers [from, to) and the boundaries at which somebody looks; a batch norm
 *   whose convolution lies outside, or is looked at itself, stays
 */
export function foldBatchNorms(
  network: NetworkSpec,
  weights: NamedTensors,
  layerRange: { readonly from: number; readonly to: number; readonly taps: readonly number[] },
): Folded {
  const layers = new Set<number>();
  const folded = new Map(weights);
  for (let index = layerRange.from + 1; index < layerRange.to; index++) {
    const norm = network.layers[index];
    const conv = network.layers[index - 1];
    if (norm?.kind !== 'batchnorm' || conv?.kind !== 'conv') continue;
    if (layerRange.taps.includes(index)) continue;
    const [kernel, bias] = foldOne(weights, { conv: conv.name, norm });
    folded.set(`${conv.name}.weight`, kernel).set(`${conv.name}.bias`, bias);
    layers.add(index);
  }
  return { layers, weights: folded };
}

function foldOne(
  weights: NamedTensors,
  { conv, norm }: { conv: string; norm: { readonly name: string; readonly epsilon: number } },
): [Tensor, Tensor] {
  const kernel = tensorOf(weights, `${conv}.weight`);
  const bias = tensorOf(weights, `${conv}.bias`);
  const { factor, mean, shift } = inferenceNorm(weights, norm);
  const perOutput = sizeOf(kernel.shape.slice(1));
  return [
    {
      shape: kernel.shape,
      data: kernel.data.map((w, i) => w * (factor[Math.floor(i / perOutput)] ?? 1)),
    },
    {
      shape: bias.shape,
      data: bias.data.map((b, c) => (b - (mean[c] ?? 0)) * (factor[c] ?? 1) + (shift[c] ?? 0)),
    },
  ];
}

/** A batch norm in inference mode: factor (x - mean) + shift, by channel. */
export function inferenceNorm(
  weights: NamedTensors,
  norm: { readonly name: string; readonly epsilon: number },
): { factor: readonly number[]; mean: Float32Array; shift: Float32Array } {
  const [scale, shift, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (suffix) => tensorOf(weights, `${norm.name}.${suffix}`).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  // Plain numbers are float64: one rounding in the end.
  const factor = Array.from(scale, (s, c) => s / Math.sqrt((variance[c] ?? 0) + norm.epsilon));
  return { factor, mean, shift };
}

/** @throws Error when a weight is missing: weights are checked where they are loaded */
export function tensorOf(weights: NamedTensors, name: string): Tensor {
  const found = weights.get(name);
  if (found === undefined) throw new Error(`the weights have no tensor ${name}`);
  return found;
}
