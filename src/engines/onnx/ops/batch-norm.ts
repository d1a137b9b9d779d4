import { sizeOf } from '../../../base/tensor.ts';
import type { GradientContext, Operator, Value } from '../operator.ts';
import { expect, float, imageShape } from './types.ts';

const PER_CHANNEL = { axes: [0, 2, 3], keepDims: true };

/**
 * Batch normalisation with the statistics of the batch (Ioffe and Szegedy 2015): x [N, C, H, W],
 * scale and shift [1, C, 1, 1]. Outputs y, the means and the biased variances, both [1, C, 1, 1].
 */
export const batchNorm: Operator<'batchNorm'> = {
  infer: ([x, scale, shift]) => {
    const [, channels] = imageShape(x, 'batchNorm');
    const statistics = { shape: [1, channels, 1, 1], dtype: 'float32' } as const;
    expect(
      sizeOf(scale.shape) === channels && sizeOf(shift.shape) === channels,
      `batchNorm of ${channels} channels, scale [${scale.shape}], shift [${shift.shape}]`,
    );
    return [...float(x.shape), statistics, statistics];
  },
  emit: (
    e,
    { inputs: [x, scale, shift], attributes: { epsilon }, outputs: [y, mean, variance] },
  ) => {
    const reduce = { attributes: { axes: { ints: [0, 2, 3] }, keepdims: { int: 1 } } };
    const means = e.write(mean) || e.fresh('mean');
    const variances = e.write(variance) || e.fresh('variance');
    e.node('ReduceMean', [e.read(x)], [means], reduce);
    const centred = e.step('Sub', [e.read(x), means]);
    e.node('ReduceMean', [e.step('Mul', [centred, centred])], [variances], reduce);
    const deviation = e.step('Sqrt', [e.step('Add', [variances, e.floats([epsilon], [])])]);
    const factor = e.step('Div', [e.read(scale), deviation]);
    e.node('Add', [e.step('Mul', [centred, factor]), e.read(shift)], [e.write(y)]);
  },
  gradient: [
    // With c = x - μ: dx = scale / σ (dy - mean(dy) - c mean(dy c) / σ²), means over the batch. Both are
    // taken of the sums that the gradients of scale and shift need: maps are read as seldom as can be.
    (context) => {
      const { graph, dy, inputs } = context;
      const { centred, variance, deviation } = standardise(context);
      const share = graph.scalar(sizeOf(inputs[1].shape) / sizeOf(dy.shape));
      const mean = (sum: Value) => graph.add('mul', [sum, share], {});
      const sum = graph.add('reduceSum', [dy], PER_CHANNEL);
      const slope = graph.add('div', [mean(covariance(context)), variance], {});
      const level = graph.add('sub', [dy, mean(sum)], {});
      const parallel = graph.add('mul', [centred, slope], {});
      const factor = graph.add('div', [inputs[1], deviation], {});
      return graph.add('mul', [graph.add('sub', [level, parallel], {}), factor], {});
    },
    (context) =>
      context.graph.add('div', [covariance(context), standardise(context).deviation], {}),
    ({ graph, dy }) => graph.add('reduceSum', [dy], PER_CHANNEL),
  ],
};

/** Σ dy c over the batch. */
function covariance(context: GradientContext<'batchNorm'>): Value {
  const { graph, dy } = context;
  const product = graph.add('mul', [dy, standardise(context).centred], {});
  return graph.add('reduceSum', [product], PER_CHANNEL);
}

/** c, σ² + ε and its root again: cheaper than to keep them, and built once since equal nodes are one. */
function standardise({ graph, inputs: [x], outputs, attributes }: GradientContext<'batchNorm'>) {
  const [, mean, biased] = outputs as readonly [Value, Value, Value];
  const variance = graph.add('add', [biased, graph.scalar(attributes.epsilon)], {});
  const deviation = graph.add('sqrt', [variance], {});
  return { variance, deviation, centred: graph.add('sub', [x, mean], {}) };
}
