import type { LossSpec } from '../engine.ts';
import type { Scalar, Tensor, TensorFlow } from './tensorflow.ts';

/**
 * Softmax cross-entropy with soft targets, as PyTorch's `cross_entropy` with `label_smoothing` and
 * `weight`, but summed with a weight a row: sum_i s_i sum_c w_c q_ic (-log p_ic), where
 * q = (1 - smoothing) t + smoothing / classes.
 *
 * @param rowWeights [N, 1]
 */
export function crossEntropy(
  tf: TensorFlow,
  { logits, targets, rowWeights }: Readonly<Record<'logits' | 'targets' | 'rowWeights', Tensor>>,
  { labelSmoothing, classWeights }: LossSpec,
): Scalar {
  const classes = logits.shape[1] ?? 1;
  const smoothed = targets.mul(1 - labelSmoothing).add(labelSmoothing / classes);
  const wanted = classWeights === undefined ? smoothed : smoothed.mul(tf.tensor1d(classWeights));
  return tf.logSoftmax(logits).mul(wanted).mul(rowWeights).sum().neg().asScalar();
}
