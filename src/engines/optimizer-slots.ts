import type { NamedTensors } from '../base/tensor.ts';
import { tensorOf } from '../network/fold-batch-norm.ts';
import type { OptimizerSpec } from './engine.ts';

/** The slot with the moving average of a parameter. */
export const AVERAGE = 'average';

/** Names of the tensors that an optimizer keeps for each parameter, as in `NAME.momentum`; the average is last. */
export function slotNames(spec: OptimizerSpec): readonly string[] {
  return [...ownSlots(spec), ...(spec.average !== undefined ? [AVERAGE] : [])];
}

function ownSlots(spec: OptimizerSpec): readonly string[] {
  if (spec.kind !== 'sgd') return ['m', 'v'];
  return spec.momentum === 0 ? [] : ['momentum'];
}

export const slotName = (parameter: string, slot: string) => `${parameter}.${slot}`;

/** The average of each parameter before the first step: the parameter. */
export function firstAverages(
  {
    optimizer,
    trained,
  }: { readonly optimizer: OptimizerSpec; readonly trained: readonly string[] },
  weights: NamedTensors,
): NamedTensors {
  if (optimizer.average === undefined) return new Map();
  return new Map(trained.map((name) => [slotName(name, AVERAGE), tensorOf(weights, name)]));
}

/** A state's weights with the averages of those that are trained in their place. */
export function averagedWeights(state: {
  readonly weights: NamedTensors;
  readonly slots: NamedTensors;
}): NamedTensors {
  return new Map(
    [...state.weights].map(([name, tensor]) => [
      name,
      state.slots.get(slotName(name, AVERAGE)) ?? tensor,
    ]),
  );
}
