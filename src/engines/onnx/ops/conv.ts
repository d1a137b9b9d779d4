import type { Emitter, Operator, Value } from '../operator.ts';
import { expect, float, imageShape } from './types.ts';

/**
 * Convolution with an odd square kernel, stride 1 and padding p = (k - 1) / 2, so that maps keep
 * their size: x [N, I, H, W], kernel [O, I, k, k], bias [O], y [N, O, H, W]. With x zero outside,
 *
 *   y[n, o, h, w] = bias[o] + Σ_{i,r,s} kernel[o, i, r, s] x[n, i, h + r - p, w + s - p].
 *
 * Both gradients are read off this sum; see the two operators below.
 */
export const conv: Operator<'conv'> = {
  infer: ([x, kernel, bias]) => {
    const [n, channels, height, width] = imageShape(x, 'conv');
    const [outputs, inputs, size] = imageShape(kernel, 'a conv kernel');
    expect(channels === inputs, `conv of ${inputs} channels is given ${channels}`);
    expect(size % 2 === 1, `conv kernels have an odd side, not ${size}`);
    expect(bias.shape[0] === outputs, `conv of ${outputs} outputs, bias [${bias.shape}]`);
    return float([n, outputs, height, width]);
  },
  emit: (e, { inputs: [x, kernel, bias], outputs: [y] }) =>
    e.node('Conv', [e.read(x), e.read(kernel), e.read(bias)], [e.write(y)], {
      attributes: convAttributes(kernel.shape[3] ?? 1),
    }),
  gradient: [
    ({ graph, dy, inputs: [, kernel] }) => graph.add('convInputGrad', [dy, kernel], {}),
    ({ graph, dy, inputs: [x, kernel] }) =>
      graph.add('convKernelGrad', [x, dy], { kernel: kernel.shape[3] ?? 1 }),
    ({ graph, dy, inputs: [, , bias] }) =>
      isCentred(dy)
        ? graph.add('expand', [graph.scalar(0)], { shape: bias.shape })
        : graph.add('reduceSum', [dy], { axes: [0, 2, 3], keepDims: false }),
  ],
};

/**
 * Whether the sum over each channel is zero, as below a batch norm, which takes off whatever a bias adds.
 * A sum would be a rounding error, and Adam, which divides each gradient by its own size, would follow it.
 */
function isCentred(dy: Value): boolean {
  return dy.producer?.op === 'batchNormGrad' && dy.producer.outputs[0] === dy;
}

/**
 * dx[n, i, h, w] = Σ_{o,r,s} kernel[o, i, r, s] dy[n, o, h - r + p, w - s + p]: the same sum with
 * r, s running backwards and i, o exchanged, hence a convolution of dy with the kernel flipped in
 * space and transposed in its channels.
 */
export const convInputGrad: Operator<'convInputGrad'> = {
  infer: ([dy, kernel]) => {
    const [n, outputs, height, width] = imageShape(dy, 'convInputGrad');
    const [kernelOutputs, inputs] = imageShape(kernel, 'a conv kernel');
    expect(outputs === kernelOutputs, `kernel [${kernel.shape}] for dy [${dy.shape}]`);
    return float([n, inputs, height, width]);
  },
  emit: (e, { inputs: [dy, kernel], outputs: [dx] }) => {
    const swapped = e.step('Transpose', [e.read(kernel)], {
      attributes: { perm: { ints: [1, 0, 2, 3] } },
    });
    const first = e.ints([-1, -1]);
    const last = e.ints([-(2 ** 31), -(2 ** 31)]);
    const flipped = e.step('Slice', [swapped, first, last, e.ints([2, 3]), first]);
    e.node('Conv', [e.read(dy), flipped], [e.write(dx)], {
      attributes: convAttributes(kernel.shape[3] ?? 1),
    });
  },
  gradient: 'forbidden',
};

/**
 * dkernel[o, i, r, s] = Σ_{n,h,w} dy[n, o, h, w] x[n, i, h + r - p, w + s - p].
 *
 * Let all images of a channel follow each other in one row, each padded to height H + 2p and width
 * W + 2p: then a shift by (r, s) is one offset, r (W + 2p) + s, and for each shift the sum over
 * images and pixels is one matrix product of a slice of x with dy, padded after its pixels to the same
 * size. The products with padding are with dy's zeros. One product a shift for all images is more
 * than twice as fast as one for each image and their sum where maps are small.
 */
export const convKernelGrad: Operator<'convKernelGrad'> = {
  infer: ([x, dy], { kernel }) => {
    const [, inputs] = imageShape(x, 'convKernelGrad');
    const [, outputs] = imageShape(dy, 'convKernelGrad');
    return float([outputs, inputs, kernel, kernel]);
  },
  emit: (e, { inputs: [x, dy], attributes: { kernel }, outputs: [dk] }) => {
    const [n, inputs, height, width] = imageShape(x, 'convKernelGrad');
    const outputs = dy.shape[1] ?? 1;
    const pad = (kernel - 1) / 2;
    const stride = width + 2 * pad;
    // What is left out at the end is padding of dy: no slice runs past the end.
    const length = n * (height + 2 * pad) * stride - 2 * pad * (stride + 1);
    const pixels = channelRows(e, x, [pad, pad]);
    const slice = (row: string, offset: number) =>
      e.step('Slice', [row, e.ints([offset]), e.ints([offset + length]), e.ints([1])]);
    const factor = slice(channelRows(e, dy, [0, 2 * pad]), 0);
    const shifted = Array.from({ length: kernel * kernel }, (_, shift) =>
      slice(pixels, Math.floor(shift / kernel) * stride + (shift % kernel)),
    );
    const stacks = inputs > FEW_CHANNELS ? shifted : [stacked(e, shifted)];
    const products = stacks.map((stack) =>
      e.step('Gemm', [stack, factor], { attributes: { transB: { int: 1 } } }),
    );
    // From [k k, I, O].
    const taps = e.step('Reshape', [stacked(e, products), e.ints([-1, inputs, outputs])]);
    const kernels = e.step('Transpose', [taps], { attributes: { perm: { ints: [2, 1, 0] } } });
    e.node('Reshape', [kernels, e.ints([outputs, inputs, kernel, kernel])], [e.write(dk)]);
  },
  gradient: 'forbidden',
};

/** An image's few channels: nine products with so short a side are slower than one of all shifts. */
const FEW_CHANNELS = 3;

/** [N, C, H, W] as [C, N h w], padded on both spatial axes by so much before and after. */
function channelRows(e: Emitter, value: Value, [before, after]: readonly [number, number]): string {
  const padded = e.step('Pad', [e.read(value), e.ints([0, 0, before, before, 0, 0, after, after])]);
  const exchanged = e.step('Transpose', [padded], {
    attributes: { perm: { ints: [1, 0, 2, 3] } },
  });
  return e.step('Reshape', [exchanged, e.ints([value.shape[1] ?? 1, -1])]);
}

function stacked(e: Emitter, parts: readonly string[]): string {
  const [first = ''] = parts;
  return parts.length === 1 ? first : e.step('Concat', parts, { attributes: { axis: { int: 0 } } });
}

/** ONNX's attributes of a convolution that keeps the size of the map. */
export function convAttributes(kernel: number) {
  const pad = (kernel - 1) / 2;
  return { kernel_shape: { ints: [kernel, kernel] }, pads: { ints: [pad, pad, pad, pad] } };
}
