import { type Shape, sizeOf, type Tensor, zeros } from '../base/tensor.ts';
import type { Preprocessing } from '../network/spec.ts';
import type { SourceTensor } from './source-tensor.ts';

/**
 * A published tensor in canonical layout.
 * @param channels of the map that fc6 flattens; for `transpose-hwc`
 */
export function toCanonical(from: Tensor, to: SourceTensor, channels: number): Tensor {
  switch (to.layout) {
    case 'same':
    case 'flatten':
      return { shape: to.shape, data: shifted(from.data, to.shift) };
    case 'zeros':
      return zeros(to.shape);
    case 'hwio': {
      const [height = 0, width = 0, inputs = 0, outputs = 0] = from.shape;
      return { shape: to.shape, data: transposed(from.data, [height * width, inputs, outputs]) };
    }
    case 'transpose': {
      const [inputs = 0, outputs = 0] = from.shape;
      return { shape: to.shape, data: transposed(from.data, [inputs, 1, outputs]) };
    }
    case 'transpose-hwc': {
      const [inputs = 0, outputs = 0] = from.shape;
      const axes = [inputs / channels, channels, outputs] as const;
      return { shape: to.shape, data: transposed(from.data, axes) };
    }
  }
}

function shifted(data: Float32Array, shift = 0): Float32Array {
  return shift === 0 ? data : data.map((value) => value + shift);
}

/** A tile of this side fits the first cache, on the way in and on the way out. */
const TILE = 32;

/** [a, b, c] to [c, b, a]. */
function transposed(data: Float32Array, axes: readonly [number, number, number]): Float32Array {
  const [a, b, c] = axes;
  const out = new Float32Array(sizeOf(axes));
  for (let row = 0; row < b; row++) {
    for (let i0 = 0; i0 < a; i0 += TILE) {
      for (let k0 = 0; k0 < c; k0 += TILE) {
        copyTile({ data, out, axes }, { row, i0, k0 });
      }
    }
  }
  return out;
}

function copyTile(
  { data, out, axes }: { data: Float32Array; out: Float32Array; axes: Shape },
  { row, i0, k0 }: { row: number; i0: number; k0: number },
): void {
  const [a = 0, b = 0, c = 0] = axes;
  const [iEnd, kEnd] = [Math.min(a, i0 + TILE), Math.min(c, k0 + TILE)];
  for (let k = k0; k < kEnd; k++) {
    const to = (k * b + row) * a;
    for (let i = i0; i < iEnd; i++) out[to + i] = data[(i * b + row) * c + k] ?? 0;
  }
}

/** The kernel of the first convolution for pixels in the opposite channel order. */
export function swapChannels(kernel: Tensor): Tensor {
  const [outputs = 0, inputs = 0, ...area] = kernel.shape;
  const size = sizeOf(area);
  const data = new Float32Array(kernel.data.length);
  for (let plane = 0; plane < outputs * inputs; plane++) {
    const [output, input] = [Math.floor(plane / inputs), plane % inputs];
    const from = (output * inputs + (inputs - 1 - input)) * size;
    data.set(kernel.data.subarray(from, from + size), plane * size);
  }
  return { shape: kernel.shape, data };
}

/**
 * The preprocessing that goes with `swapChannels`. Only the order is folded: the mean stays outside,
 * because zero padding comes after it and a bias cannot make up for it at the borders.
 */
export function swapPreprocessing(preprocessing: Preprocessing): Preprocessing {
  const [m0, m1, m2] = preprocessing.mean;
  const [s0, s1, s2] = preprocessing.std;
  const channels = preprocessing.channels === 'bgr' ? 'rgb' : 'bgr';
  return { ...preprocessing, channels, mean: [m2, m1, m0], std: [s2, s1, s0] };
}
