import type { Operator } from '../operator.ts';
import { float } from './types.ts';

/** max(x, 0). The gradient looks at the output, so that the input need not be kept. */
export const relu: Operator<'relu'> = {
  infer: ([x]) => float(x.shape),
  emit: (e, { inputs: [x], outputs: [y] }) => e.node('Relu', [e.read(x)], [e.write(y)]),
  gradient: [({ graph, dy, y }) => graph.add('reluGrad', [dy, y], {})],
};

/** dy where y > 0, else 0. Where(Greater) is several times as fast as a product with Sign. */
export const reluGrad: Operator<'reluGrad'> = {
  infer: ([dy]) => float(dy.shape),
  emit: (e, { inputs: [dy, y], outputs: [dx] }) => {
    const zero = e.floats([0], []);
    const positive = e.step('Greater', [e.read(y), zero]);
    e.node('Where', [positive, e.read(dy), zero], [e.write(dx)]);
  },
  gradient: [({ graph, dy, inputs: [, y] }) => graph.add('reluGrad', [dy, y], {}), 'zero'],
};
