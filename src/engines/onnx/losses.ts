import type { LossSpec } from '../engine.ts';
import type { Graph } from './graph.ts';
import type { Value } from './operator.ts';

/**
 * Softmax cross-entropy with soft targets, as PyTorch's `cross_entropy` with `label_smoothing` and
 * `weight`, but summed with a weight a row: Σ_i s_i Σ_c w_c q_ic (-log p_ic), where
 * q = (1 - smoothing) t + smoothing / classes. Rows of weight zero add nothing.
 *
 * @param rowWeights [N, 1]
 * @returns a scalar
 */
export function addCrossEntropy(
  graph: Graph,
  { logits, targets, rowWeights }: { logits: Value; targets: Value; rowWeights: Value },
  { labelSmoothing, classWeights }: LossSpec,
): Value {
  const classes = logits.shape[1] ?? 1;
  let wanted = targets;
  if (labelSmoothing > 0) {
    const kept = graph.add('mul', [targets, graph.scalar(1 - labelSmoothing)], {});
    wanted = graph.add('add', [kept, graph.scalar(labelSmoothing / classes)], {});
  }
  if (classWeights !== undefined) {
    const constant = graph.constant('class_weights', { shape: [1, classes], data: classWeights });
    wanted = graph.add('mul', [wanted, constant], {});
  }
  const weighted = graph.add('mul', [wanted, rowWeights], {});
  const logarithms = graph.add('logSoftmax', [logits], {});
  const products = graph.add('mul', [logarithms, weighted], {});
  const sum = graph.add('reduceSum', [products], { axes: [0, 1], keepDims: false });
  return graph.add('mul', [sum, graph.scalar(-1)], {});
}
