import type { Operator } from '../operator.ts';
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
    ({ graph, dy }) => graph.add('reduceSum', [dy], { axes: [0, 2, 3], keepDims: false }),
  ],
};

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
 * Let x be padded to width W + 2p and flattened: then a shift by (r, s) is one offset,
 * r (W + 2p) + s, and for each shift the sum is one matrix product of dy, its rows padded to the same
 * width, with a slice of x. The products with padding are with dy's zeros. Nine products of slices
 * are faster than one convolution with batch and channel axes exchanged (by a third), and than one
 * product with the shifts side by side.
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
    // The last 2p columns of the last row are padding of dy: left out, no slice runs past the end.
    const length = height * stride - 2 * pad;
    const padded = e.step('Pad', [e.read(x), e.ints([0, 0, pad, pad, 0, 0, pad, pad])]);
    const flat = e.step('Reshape', [padded, e.ints([n, inputs, (height + 2 * pad) * stride])]);
    const wide = e.step('Pad', [e.read(dy), e.ints([0, 0, 0, 0, 0, 0, 0, 2 * pad])]);
    const wideFlat = e.step('Reshape', [wide, e.ints([n, outputs, height * stride])]);
    const axis = e.ints([2]);
    const rows = e.step('Slice', [wideFlat, e.ints([0]), e.ints([length]), axis]);
    const shifts = Array.from({ length: kernel * kernel }, (_, shift) => {
      const offset = Math.floor(shift / kernel) * stride + (shift % kernel);
      const ends = [e.ints([offset]), e.ints([offset + length])] as const;
      const slice = e.step('Slice', [flat, ...ends, axis]);
      const columns = e.step('Transpose', [slice], { attributes: { perm: { ints: [0, 2, 1] } } });
      const products = e.step('MatMul', [rows, columns]);
      const sum = e.step('ReduceSum', [products, e.ints([0])], {
        attributes: { keepdims: { int: 0 } },
      });
      return e.step('Unsqueeze', [sum, axis]);
    });
    const all = e.step('Concat', shifts, { attributes: { axis: { int: 2 } } });
    e.node('Reshape', [all, e.ints([outputs, inputs, kernel, kernel])], [e.write(dk)]);
  },
  gradient: 'forbidden',
};

/** ONNX's attributes of a convolution that keeps the size of the map. */
export function convAttributes(kernel: number) {
  const pad = (kernel - 1) / 2;
  return { kernel_shape: { ints: [kernel, kernel] }, pads: { ints: [pad, pad, pad, pad] } };
}
