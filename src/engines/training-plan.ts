import { type Shape, sameShape, sizeOf } from '../base/tensor.ts';
import { tensorOf } from '../network/fold-batch-norm.ts';
import { isStatistic, layerParameters } from '../network/parameters.ts';
import type { TrainingRequest } from './engine.ts';

/** A checked training request, with the values that follow from it. */
export interface TrainingPlan extends TrainingRequest {
  /** Every parameter and statistic of the trainable suffix, in the order of the layers. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Parameters that are in a group, in the order of the groups. */
  readonly trained: readonly string[];
  /** Batch norms with a trained parameter: in training mode. */
  readonly trainedBatchNorms: ReadonlySet<string>;
  /** Dropout layers of the suffix, with the shape of one row's mask. */
  readonly dropouts: ReadonlyMap<string, Shape>;
  /** Rows of one pass. */
  readonly microBatch: number;
  /**
   * Whether a smaller last pass has its own graph. Otherwise it is padded with rows of weight zero,
   * which a batch norm in training mode would see.
   */
  readonly exactRows: boolean;
}

/** @throws Error when groups, weights and network do not fit: a bug of the caller */
export function planSteps(request: TrainingRequest): TrainingPlan {
  const { network, from, groups, weights } = request;
  const layers = network.layers.slice(from);
  const tensors = layers.flatMap(layerParameters);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of shapes) {
    const found = tensorOf(weights, name).shape;
    if (!sameShape(found, shape)) throw new Error(`${name} is [${found}], not [${shape}]`);
  }
  const trained = groups.flatMap(({ parameters }) => parameters);
  checkTrained(trained, shapes);
  const trainedBatchNorms = new Set(
    layers
      .filter((layer) => layer.kind === 'batchnorm')
      .map(({ name }) => name)
      .filter((name) => trained.includes(`${name}.weight`) || trained.includes(`${name}.bias`)),
  );
  const exactRows = trainedBatchNorms.size > 0;
  const dropouts = network.layers
    .map((layer, index) => [layer, network.shapes[index] ?? []] as const)
    .slice(from)
    .filter(([layer]) => layer.kind === 'dropout')
    .map(([layer, shape]) => [layer.name, shape] as const);
  return {
    ...request,
    shapes,
    trained,
    trainedBatchNorms,
    dropouts: new Map(dropouts),
    exactRows,
    microBatch: request.microBatch ?? (exactRows ? request.batchSize : chooseMicroBatch(request)),
  };
}

function checkTrained(trained: readonly string[], shapes: ReadonlyMap<string, Shape>): void {
  if (trained.length === 0) throw new Error('no parameter is in a group: nothing to train');
  for (const name of trained) {
    if (!shapes.has(name) || isStatistic(name)) {
      throw new Error(`${name} is in a group, but no parameter of the trained layers`);
    }
  }
  if (new Set(trained).size < trained.length) throw new Error('a parameter is in two groups');
}

/** The memory limit for the activations of one pass, all layers together. */
const PASS_BYTES = 512 * 2 ** 20;

/**
 * The largest micro-batch that fits, with passes of equal size. VGG16 at 224 x 224 gets 4: single images are
 * as fast there as sixteen. Small networks get the whole batch.
 */
function chooseMicroBatch({ network, from, batchSize }: TrainingRequest): number {
  const rowBytes = 4 * network.shapes.slice(from).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const most = Math.max(1, Math.floor(PASS_BYTES / rowBytes));
  const passes = Math.ceil(batchSize / most);
  return Math.ceil(batchSize / passes);
}
