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
    // With x̂ = (x - μ) / σ: dx = scale / σ (dy - mean(dy) - x̂ mean(dy x̂)), means over the batch.
    (context) => {
      const { graph, dy, inputs } = context;
      const { normalised, deviation } = standardise(context);
      const product = graph.add('mul', [dy, normalised], {});
      const correlation = graph.add('reduceMean', [product], PER_CHANNEL);
      const centred = graph.add('sub', [dy, graph.add('reduceMean', [dy], PER_CHANNEL)], {});
      const parallel = graph.add('mul', [normalised, correlation], {});
      const factor = graph.add('div', [inputs[1], deviation], {});
      return graph.add('mul', [graph.add('sub', [centred, parallel], {}), factor], {});
    },
    (context) => {
      const { graph, dy } = context;
      const product = graph.add('mul', [dy, standardise(context).normalised], {});
      return graph.add('reduceSum', [product], PER_CHANNEL);
    },
    ({ graph, dy }) => graph.add('reduceSum', [dy], PER_CHANNEL),
  ],
};

/** x̂ and σ again: cheaper than to keep them, and built once since equal nodes are one. */
function standardise({ graph, inputs: [x], outputs, attributes }: GradientContext<'batchNorm'>) {
  const [, mean, variance] = outputs as readonly [Value, Value, Value];
  const shifted = graph.add('add', [variance, graph.scalar(attributes.epsilon)], {});
  const deviation = graph.add('sqrt', [shifted], {});
  const centred = graph.add('sub', [x, mean], {});
  return { deviation, normalised: graph.add('div', [centred, deviation], {}) };
}
