import type { OptimizerSpec } from '../engine.ts';
import type { Scalar, Tensor, TensorFlow, Variable } from './tensorflow.ts';

export interface Update {
  readonly parameter: Variable;
  readonly gradient: Tensor;
  /** In the order of `slotNames`. */
  readonly slots: readonly Variable[];
  /** The number of this update, from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/**
 * One optimizer step of one parameter, in PyTorch's formulation. TensorFlow.js's own optimizers have
 * one learning rate for all parameters, no decoupled decay, and slots that are not told apart by
 * parameter. To be called inside `tidy`.
 */
export function update(spec: OptimizerSpec, request: Update): void {
  if (spec.kind === 'sgd') sgd(spec, request);
  else adam(spec, request);
  if (spec.average !== undefined) moveAverage(spec.average, request);
}

/** decay average + (1 - decay) parameter */
function moveAverage(decay: number, { parameter, slots }: Update): void {
  const average = slots.at(-1);
  average?.assign(average.mul(decay).add(parameter.mul(1 - decay)));
}

/** g + decay p: weight decay as an L2 penalty. */
function decayed({ parameter, gradient, weightDecay }: Update): Tensor {
  return weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay));
}

/** b = mu b + g, from b = 0; the direction is b, or g + mu b with Nesterov's. */
function sgd(spec: Extract<OptimizerSpec, { kind: 'sgd' }>, request: Update): void {
  const { parameter, learningRate, slots } = request;
  const gradient = decayed(request);
  const momentum = spec.momentum === 0 ? undefined : slots[0];
  if (momentum === undefined) {
    parameter.assign(parameter.sub(gradient.mul(learningRate)));
    return;
  }
  const buffer = momentum.mul(spec.momentum).add(gradient);
  const direction = spec.nesterov ? gradient.add(buffer.mul(spec.momentum)) : buffer;
  momentum.assign(buffer);
  parameter.assign(parameter.sub(direction.mul(learningRate)));
}

/**
 * Kingma and Ba 2015: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
 * p = p - rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps); Loshchilov and Hutter 2019 for
 * the decoupled decay p = (1 - rate decay) p before.
 */
function adam(spec: Exclude<OptimizerSpec, { kind: 'sgd' }>, request: Update): void {
  const { parameter, slots, step, learningRate, weightDecay } = request;
  const [m, v] = slots;
  if (m === undefined || v === undefined) throw new Error('adam has two slots');
  const decoupled = spec.kind === 'adamw';
  const gradient = decoupled ? request.gradient : decayed(request);
  const first = m.mul(spec.beta1).add(gradient.mul(1 - spec.beta1));
  const second = v.mul(spec.beta2).add(gradient.square().mul(1 - spec.beta2));
  const rate = learningRate / (1 - spec.beta1 ** step);
  const correction = 1 / Math.sqrt(1 - spec.beta2 ** step);
  const change = first.div(second.sqrt().mul(correction).add(spec.epsilon)).mul(rate);
  const base = decoupled ? parameter.mul(1 - learningRate * weightDecay) : parameter;
  m.assign(first);
  v.assign(second);
  parameter.assign(base.sub(change));
}

/** min(1, limit / (norm + 1e-6)) with the norm over all gradients, as `clip_grad_norm_`. */
export function clipFactor(tf: TensorFlow, gradients: readonly Tensor[], limit: number): Scalar {
  const squares = gradients.map((gradient) => gradient.square().sum());
  const norm = tf.addN(squares).sqrt();
  return tf.minimum(tf.scalar(limit).div(norm.add(1e-6)), 1).asScalar();
}
