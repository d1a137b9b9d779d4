import type { Operator } from '../operator.ts';
import { float } from './types.ts';

const LAST_AXIS = { attributes: { axis: { int: -1 } } };
const BY_ROW = { axes: [1], keepDims: true };

/** log(softmax) over the classes: logits [N, classes]. dx = dy - softmax Σ dy. */
export const logSoftmax: Operator<'logSoftmax'> = {
  infer: ([logits]) => float(logits.shape),
  emit: (e, { inputs: [x], outputs: [y] }) =>
    e.node('LogSoftmax', [e.read(x)], [e.write(y)], LAST_AXIS),
  gradient: [
    ({ graph, dy, y }) => {
      const probabilities = graph.add('exp', [y], {});
      const total = graph.add('reduceSum', [dy], BY_ROW);
      return graph.add('sub', [dy, graph.add('mul', [probabilities, total], {})], {});
    },
  ],
};

/** dx = y (dy - Σ dy y). */
export const softmax: Operator<'softmax'> = {
  infer: ([logits]) => float(logits.shape),
  emit: (e, { inputs: [x], outputs: [y] }) =>
    e.node('Softmax', [e.read(x)], [e.write(y)], LAST_AXIS),
  gradient: [
    ({ graph, dy, y }) => {
      const total = graph.add('reduceSum', [graph.add('mul', [dy, y], {})], BY_ROW);
      return graph.add('mul', [y, graph.add('sub', [dy, total], {})], {});
    },
  ],
};
