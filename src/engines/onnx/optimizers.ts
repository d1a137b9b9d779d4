import type { OptimizerSpec } from '../engine.ts';
import type { Graph } from './graph.ts';
import type { Value } from './operator.ts';

/** Names of the scalars that are passed in at each step, for each group. */
export function scalarNames(spec: OptimizerSpec): readonly (keyof StepScalars)[] {
  return { sgd: ['rate'], adam: ['rate', 'correction'], adamw: ['rate', 'correction', 'shrink'] }[
    spec.kind
  ] as readonly (keyof StepScalars)[];
}

export interface StepScalars {
  /** The factor of the direction; for Adam it includes the bias correction of the first moment. */
  readonly rate: number;
  /** Adam's correction of the second moment: 1 / sqrt(1 - beta2^t). */
  readonly correction: number;
  /** AdamW's decoupled decay: 1 - rate * decay. */
  readonly shrink: number;
}

/** @param step the number of this update, from 1 */
export function stepScalars(
  spec: OptimizerSpec,
  { step, learningRate, weightDecay }: { step: number; learningRate: number; weightDecay: number },
): StepScalars {
  const shrink = 1 - learningRate * weightDecay;
  if (spec.kind === 'sgd') return { rate: learningRate, correction: 1, shrink };
  return {
    rate: learningRate / (1 - spec.beta1 ** step),
    correction: 1 / Math.sqrt(1 - spec.beta2 ** step),
    shrink,
  };
}

export interface Update {
  readonly parameter: Value;
  readonly gradient: Value;
  readonly slots: readonly Value[];
  /** By name of `StepScalars`. */
  readonly scalar: (name: keyof StepScalars) => Value;
  readonly weightDecay: number;
}

export interface Updated {
  readonly parameter: Value;
  readonly slots: readonly Value[];
}

/** One optimizer step of one parameter, in PyTorch's formulation. */
export function addUpdate(graph: Graph, spec: OptimizerSpec, update: Update): Updated {
  const updated = spec.kind === 'sgd' ? sgd(graph, spec, update) : adam(graph, spec, update);
  const before = update.slots.at(-1);
  if (spec.average === undefined || before === undefined) return updated;
  const average = movingAverage(graph, spec.average, [before, updated.parameter]);
  return { ...updated, slots: [...updated.slots, average] };
}

/** decay old + (1 - decay) fresh */
function movingAverage(graph: Graph, decay: number, [old, fresh]: readonly [Value, Value]): Value {
  return graph.add('add', [scaled(graph, old, decay), scaled(graph, fresh, 1 - decay)], {});
}

/** g + decay p: weight decay as an L2 penalty. */
function decayed(graph: Graph, { parameter, gradient, weightDecay }: Update): Value {
  if (weightDecay === 0) return gradient;
  return graph.add('add', [gradient, scaled(graph, parameter, weightDecay)], {});
}

function scaled(graph: Graph, x: Value, factor: number): Value {
  return graph.add('mul', [x, graph.scalar(factor)], {});
}

/** b = μ b + g, from b = 0; the direction is b, or g + μ b with Nesterov's. */
function sgd(graph: Graph, spec: Extract<OptimizerSpec, { kind: 'sgd' }>, update: Update): Updated {
  const { parameter, scalar } = update;
  const gradient = decayed(graph, update);
  const momentum = spec.momentum === 0 ? undefined : update.slots[0];
  const step = (direction: Value) =>
    graph.add('sub', [parameter, graph.add('mul', [direction, scalar('rate')], {})], {});
  if (momentum === undefined) return { parameter: step(gradient), slots: [] };
  const buffer = graph.add('add', [scaled(graph, momentum, spec.momentum), gradient], {});
  if (!spec.nesterov) return { parameter: step(buffer), slots: [buffer] };
  const ahead = graph.add('add', [gradient, scaled(graph, buffer, spec.momentum)], {});
  return { parameter: step(ahead), slots: [buffer] };
}

/**
 * Kingma and Ba 2015: m = β1 m + (1 - β1) g, v = β2 v + (1 - β2) g²,
 * p = p - rate m / (sqrt(v) correction + ε); Loshchilov and Hutter 2019 for the decoupled decay.
 */
function adam(
  graph: Graph,
  spec: Exclude<OptimizerSpec, { kind: 'sgd' }>,
  update: Update,
): Updated {
  const { parameter, scalar, slots } = update;
  const decoupled = spec.kind === 'adamw';
  const gradient = decoupled ? update.gradient : decayed(graph, update);
  const [m, v] = slots;
  if (m === undefined || v === undefined) throw new Error('adam has two slots');
  const first = movingAverage(graph, spec.beta1, [m, gradient]);
  const square = graph.add('mul', [gradient, gradient], {});
  const second = movingAverage(graph, spec.beta2, [v, square]);
  const corrected = graph.add('mul', [graph.add('sqrt', [second], {}), scalar('correction')], {});
  const denominator = graph.add('add', [corrected, graph.scalar(spec.epsilon)], {});
  const ratio = graph.add('div', [first, denominator], {});
  const base =
    decoupled && update.weightDecay !== 0
      ? graph.add('mul', [parameter, scalar('shrink')], {})
      : parameter;
  const step = graph.add('mul', [ratio, scalar('rate')], {});
  return { parameter: graph.add('sub', [base, step], {}), slots: [first, second] };
}
