import { mean } from './mean.ts';
import { checkScored, predictedClass, type Scored } from './scores.ts';

/** The share of images whose highest score is the true class; NaN of no images. */
export function accuracy(scored: Scored): number {
  checkScored(scored);
  const count = scored.labels.length;
  let correct = 0;
  for (let i = 0; i < count; i++) {
    if (predictedClass(scored, i) === scored.labels[i]) correct++;
  }
  return correct / count;
}

/**
 * The share of images whose true class is among the k highest scores. A class that ties with the
 * true one comes before it if its index is lower, so k = 1 is `accuracy`.
 */
export function topKAccuracy(scored: Scored, k: number): number {
  checkScored(scored);
  const count = scored.labels.length;
  let correct = 0;
  for (let i = 0; i < count; i++) {
    if (rankOfLabel(scored, i) < k) correct++;
  }
  return correct / count;
}

/** The number of classes that rank before the true one; Infinity if its score is NaN. */
function rankOfLabel({ scores, classes, labels }: Scored, row: number): number {
  const label = labels[row] ?? 0;
  const own = scores[row * classes + label] ?? Number.NaN;
  if (Number.isNaN(own)) return Number.POSITIVE_INFINITY;
  let before = 0;
  for (let c = 0; c < classes; c++) {
    const other = scores[row * classes + c] ?? Number.NaN;
    if (other > own || (other === own && c < label)) before++;
  }
  return before;
}

/**
 * Mean negative logarithm of the true class's probability (natural). Probabilities are kept from 0
 * by float32's epsilon, as scikit-learn does, so that one certain mistake does not make it infinite.
 *
 * @param scored with probabilities that sum to 1 in each row
 */
export function logLoss(scored: Scored): number {
  return mean(logLosses(scored));
}

/** The negative log-likelihood of each image. */
export function logLosses(scored: Scored): number[] {
  checkScored(scored);
  const { scores, classes, labels } = scored;
  const epsilon = 2 ** -23;
  return Array.from({ length: labels.length }, (_, i) => {
    const probability = scores[i * classes + (labels[i] ?? 0)] ?? Number.NaN;
    return -Math.log(Math.min(1 - epsilon, Math.max(epsilon, probability)));
  });
}
