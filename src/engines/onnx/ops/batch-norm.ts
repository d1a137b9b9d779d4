import { sizeOf } from '../../../base/tensor.ts';
import type { GradientContext, Operator, Value } from '../operator.ts';
import { expect, float, imageShape } from './types.ts';

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
    (context) => gradientOf(context, 0),
    (context) => gradientOf(context, 1),
    (context) => gradientOf(context, 2),
  ],
};

/** One node for all three: equal nodes are one. */
function gradientOf({ graph, dy, ...node }: GradientContext<'batchNorm'>, input: 0 | 1 | 2): Value {
  const { inputs, outputs, attributes } = node;
  const [, mean, variance] = outputs as readonly [Value, Value, Value];
  const all = graph.node('batchNormGrad', [dy, inputs[0], inputs[1], mean, variance], attributes);
  return all.outputs[input] as Value;
}

/**
 * With c = x - μ and σ² the variance with epsilon: dshift = Σ dy, dscale = Σ dy c / σ, and
 * dx = scale / σ (dy - mean(dy) - c mean(dy c) / σ²), sums and means over the batch. Both means are
 * taken of the sums that the gradients of scale and shift need: maps are read as seldom as can be.
 */
export const batchNormGrad: Operator<'batchNormGrad'> = {
  infer: ([, x, scale]) => [...float(x.shape), ...float(scale.shape), ...float(scale.shape)],
  emit: (e, { inputs, attributes, outputs }) => {
    const [dy, x, scale, mean, biased] = inputs;
    const [dx, dscale, dshift] = outputs;
    const sum = (name: string, into: string) => {
      const keepdims = { attributes: { keepdims: { int: 1 } } };
      e.node('ReduceSum', [name, e.ints([0, 2, 3])], [into], keepdims);
      return into;
    };
    const share = e.floats([sizeOf(scale.shape) / sizeOf(x.shape)], []);
    const variance = e.step('Add', [e.read(biased), e.floats([attributes.epsilon], [])]);
    const deviation = e.step('Sqrt', [variance]);
    const centred = e.step('Sub', [e.read(x), e.read(mean)]);
    const covariance = sum(e.step('Mul', [e.read(dy), centred]), e.fresh('covariance'));
    const total = sum(e.read(dy), e.write(dshift) || e.fresh('total'));
    const written = e.write(dscale);
    if (written !== '') e.node('Div', [covariance, deviation], [written]);
    const result = e.write(dx);
    if (result === '') return;
    const slope = e.step('Div', [e.step('Mul', [covariance, share]), variance]);
    const level = e.step('Sub', [e.read(dy), e.step('Mul', [total, share])]);
    const rest = e.step('Sub', [level, e.step('Mul', [centred, slope])]);
    e.node('Mul', [rest, e.step('Div', [e.read(scale), deviation])], [result]);
  },
  gradient: 'forbidden',
};
