import type { Operator } from '../operator.ts';
import { float, imageShape } from './types.ts';

/**
 * Maxima of windows of size x size with that stride; rows and columns left over are dropped. The
 * second output are the positions of the maxima, counted through the whole input: the first in
 * scan order where there are several, as in PyTorch.
 */
export const maxPool: Operator<'maxPool'> = {
  infer: ([x], { size }) => {
    const [n, channels, height, width] = imageShape(x, 'maxPool');
    const shape = [n, channels, Math.floor(height / size), Math.floor(width / size)];
    return [
      { shape, dtype: 'float32' },
      { shape, dtype: 'int64' },
    ];
  },
  emit: (e, { inputs: [x], attributes: { size }, outputs: [y, indices] }) => {
    const window = { ints: [size, size] };
    const positions = e.write(indices);
    // Without indices the pool is several times as fast, so they are only asked for where read.
    e.node('MaxPool', [e.read(x)], positions === '' ? [e.write(y)] : [e.write(y), positions], {
      attributes: { kernel_shape: window, strides: window },
    });
  },
  gradient: [
    ({ graph, dy, y, inputs: [x], outputs, attributes }) =>
      graph.add('maxPoolGrad', [dy, x, y, outputs[1] ?? y], attributes),
  ],
};

/**
 * The gradient of each window goes to its first maximum. This lowering reads the indices alone; x
 * and y are there for others, and cost nothing unless read.
 */
export const maxPoolGrad: Operator<'maxPoolGrad'> = {
  infer: ([, x]) => float(x.shape),
  emit: (e, { inputs: [dy, x, , indices], attributes: { size }, outputs: [dx] }) => {
    const window = { ints: [size, size] };
    e.node('MaxUnpool', [e.read(dy), e.read(indices), e.ints(x.shape)], [e.write(dx)], {
      attributes: { kernel_shape: window, strides: window },
    });
  },
  gradient: 'forbidden',
};
