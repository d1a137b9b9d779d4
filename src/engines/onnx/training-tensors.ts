import { type Shape, zeros } from '../../base/tensor.ts';
import { isStatistic } from '../../network/parameters.ts';
import { firstAverages, slotName, slotNames } from '../optimizer-slots.ts';
import type { TrainingPlan } from '../training-plan.ts';
import type { TensorSet } from './buffers.ts';
import { tensorSet } from './device-buffers.ts';
import type { Feeds, SessionOptions } from './session.ts';
import * as names from './training-names.ts';

/** The tensors that a training program keeps from step to step. */
export interface TrainingTensors {
  /** Frozen parameters and statistics, which are only read. */
  readonly frozen: TensorSet;
  /** Running statistics of the batch norms in training mode: replaced by each pass. */
  readonly statistics: TensorSet;
  /** Trained parameters and their optimizer slots: replaced by each step. */
  readonly parameters: TensorSet;
  readonly slots: TensorSet;
  readonly gradients: TensorSet;
}

/** Makes them, with the values of the plan's weights. */
export function trainingTensors(plan: TrainingPlan, options: SessionOptions): TrainingTensors {
  const set = (shapes: readonly (readonly [string, Shape])[]) => tensorSet(shapes, options);
  const shapeOf = (name: string) => plan.shapes.get(name) ?? [];
  const trained = plan.trained.map((name) => [name, shapeOf(name)] as const);
  const isTrained = new Set(plan.trained);
  const statistics = [...plan.shapes].filter(([name]) => isUpdatedStatistic(plan, name));
  const frozen = [...plan.shapes].filter(
    ([name]) => !isTrained.has(name) && !isUpdatedStatistic(plan, name),
  );
  const slots = trained.flatMap(([name, shape]) =>
    slotNames(plan.optimizer).map((slot) => [slotName(name, slot), shape] as const),
  );
  const tensors = {
    frozen: set(frozen),
    statistics: set(statistics),
    parameters: set(trained),
    slots: set(slots),
    gradients: set(trained.map(([name, shape]) => [names.gradientName(name), shape])),
  };
  for (const each of [tensors.frozen, tensors.statistics, tensors.parameters]) {
    each.write(plan.weights);
  }
  const averages = firstAverages(plan, plan.weights);
  const empty = slots.map(([name, shape]) => [name, zeros(shape)] as const);
  tensors.slots.write(new Map([...empty, ...averages]));
  return tensors;
}

/** Every weight and statistic, as a graph reads it. */
export async function weightsOf({
  frozen,
  statistics,
  parameters,
}: TrainingTensors): Promise<Feeds> {
  return new Map([
    ...(await frozen.current()),
    ...(await statistics.current()),
    ...(await parameters.current()),
  ]);
}

/** Whether it is a statistic of a batch norm in training mode. */
export function isUpdatedStatistic({ trainedBatchNorms }: TrainingPlan, name: string): boolean {
  return isStatistic(name) && trainedBatchNorms.has(name.slice(0, name.lastIndexOf('.')));
}
