import { type Shape, sizeOf } from '../base/tensor.ts';
import type { TrainingBatch } from './engine.ts';
import { rowShape } from './rows.ts';
import type { TrainingPlan } from './training-plan.ts';

/** @throws RangeError when the batch is too large, of the wrong kind, or one of its arrays too short */
export function checkTrainingBatch(plan: TrainingPlan, batch: TrainingBatch): void {
  const { batchSize, from, network, dropouts } = plan;
  if (batch.count < 1 || batch.count > batchSize) {
    throw new RangeError(`a batch has 1 to ${batchSize} rows, not ${batch.count}`);
  }
  if (batch.rows instanceof Uint8Array !== (from === 0)) {
    throw new RangeError(`rows at boundary ${from} are ${from === 0 ? 'pixels' : 'activations'}`);
  }
  checkArray('rows', batch.rows, { count: batch.count, row: rowShape(network, from) });
  checkArray('targets', batch.targets, { count: batch.count, row: [network.classes] });
  checkArray('weights', batch.weights, { count: batch.count, row: [] });
  for (const [layer, row] of dropouts) {
    checkArray(`${layer}.mask`, batch.dropout.get(layer), { count: batch.count, row });
  }
}

function checkArray(
  name: string,
  data: ArrayLike<number> | undefined,
  { count, row }: { readonly count: number; readonly row: Shape },
): void {
  const expected = count * sizeOf(row);
  const found = data?.length ?? 0;
  if (found >= expected) return;
  throw new RangeError(`${name} of ${count} rows has ${expected} elements, not ${found}`);
}

/** @throws RangeError when a forward pass is asked for more rows than were compiled or given */
export function checkRows(
  rows: ArrayLike<number>,
  { count, batchSize, row }: { count: number; batchSize: number; row: Shape },
): void {
  const size = sizeOf(row);
  if (count >= 1 && count <= batchSize && rows.length >= count * size) return;
  throw new RangeError(
    `1 to ${batchSize} rows of ${size} elements, not ${count} in ${rows.length} elements`,
  );
}
