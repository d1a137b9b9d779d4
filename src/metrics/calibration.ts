import { checkScored, predictedClass, type Scored } from './scores.ts';

/** One bin of a reliability diagram. */
export interface CalibrationBin {
  readonly count: number;
  /** Means over the bin; 0 in an empty one. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** Images by the probability of their predicted class, in bins of equal width: ((i)/n, (i+1)/n]. */
export function calibrationBins(scored: Scored, bins = 15): CalibrationBin[] {
  checkScored(scored);
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, accuracy: 0 }));
  for (let i = 0; i < scored.labels.length; i++) {
    const predicted = predictedClass(scored, i);
    const confidence = scored.scores[i * scored.classes + predicted];
    if (confidence === undefined) continue;
    const sum = sums[Math.max(0, Math.min(bins - 1, Math.ceil(confidence * bins) - 1))];
    if (sum === undefined) continue;
    sum.count++;
    sum.confidence += confidence;
    sum.accuracy += predicted === scored.labels[i] ? 1 : 0;
  }
  return sums.map(({ count, confidence, accuracy }) => ({
    count,
    confidence: count === 0 ? 0 : confidence / count,
    accuracy: count === 0 ? 0 : accuracy / count,
  }));
}

/**
 * Expected calibration error (Naeini et al. 2015; Guo et al. 2017): how far confidence and accuracy
 * lie apart, averaged over bins by their counts.
 */
export function expectedCalibrationError(scored: Scored, bins = 15): number {
  const filled = calibrationBins(scored, bins);
  const total = filled.reduce((sum, { count }) => sum + count, 0);
  return filled.reduce(
    (sum, { count, confidence, accuracy }) =>
      sum + (count / total) * Math.abs(confidence - accuracy),
    0,
  );
}
