import { sizeOf } from '../../../base/tensor.ts';
import { poolingMatrix, poolingMatrixTransposed } from '../../../network/pooling.ts';
import type { Emitter, Operator, Value } from '../operator.ts';
import { float, imageShape } from './types.ts';

/** left x right over the last two axes, the constants being matrices. */
function sandwich(e: Emitter, x: Value, constants: readonly [string, string], y: string): void {
  const [left, right] = constants;
  e.node('MatMul', [e.step('MatMul', [left, e.read(x)]), right], [y]);
}

/** Adaptive average pooling to size x size. */
export const averagePool: Operator<'averagePool'> = {
  infer: ([x], { size }) => {
    const [n, channels] = imageShape(x, 'averagePool');
    return float([n, channels, size, size]);
  },
  emit: (e, { inputs: [x], attributes: { size }, outputs: [y] }) => {
    const [, , height, width] = imageShape(x, 'averagePool');
    if (height % size === 0 && width % size === 0) {
      const window = { ints: [height / size, width / size] };
      const options = { attributes: { kernel_shape: window, strides: window } };
      e.node('AveragePool', [e.read(x)], [e.write(y)], options);
      return;
    }
    const left = e.floats(poolingMatrix(height, size), [size, height]);
    const right = poolingMatrixTransposed(width, size);
    sandwich(e, x, [left, e.floats(right, [width, size])], e.write(y));
  },
  gradient: [
    ({ graph, dy, inputs: [x] }) => {
      const [, , height, width] = imageShape(x, 'averagePool');
      return graph.add('averagePoolGrad', [dy], { height, width });
    },
  ],
};

/** The transposed map: y = A x Bᵀ gives dx = Aᵀ dy B. */
export const averagePoolGrad: Operator<'averagePoolGrad'> = {
  infer: ([dy], { height, width }) => {
    const [n, channels] = imageShape(dy, 'averagePoolGrad');
    return float([n, channels, height, width]);
  },
  emit: (e, { inputs: [dy], attributes: { height, width }, outputs: [dx] }) => {
    const size = dy.shape[3] ?? 1;
    const left = poolingMatrixTransposed(height, size);
    const right = e.floats(poolingMatrix(width, size), [size, width]);
    sandwich(e, dy, [e.floats(left, [height, size]), right], e.write(dx));
  },
  gradient: 'forbidden',
};

/** [N, C, H, W] to the means [N, C]. */
export const globalAveragePool: Operator<'globalAveragePool'> = {
  infer: ([x]) => {
    const [n, channels] = imageShape(x, 'globalAveragePool');
    return float([n, channels]);
  },
  emit: (e, { inputs: [x], outputs: [y] }) => {
    const pooled = e.step('GlobalAveragePool', [e.read(x)]);
    e.node('Flatten', [pooled], [e.write(y)], { attributes: { axis: { int: 1 } } });
  },
  gradient: [
    ({ graph, dy, y, inputs: [x] }) => {
      const share = graph.scalar(sizeOf(y.shape) / sizeOf(x.shape));
      const shape = [...y.shape, 1, 1];
      const scaled = graph.add('reshape', [graph.add('mul', [dy, share], {})], { shape });
      return graph.add('expand', [scaled], { shape: x.shape });
    },
  ],
};
