import { checkScored, predictedClass, type Scored } from './scores.ts';

/** One bin of a reliability diagram. */
export interface CalibrationBin {
  readonly count: number;
  /** Means over the bin; 0 in an empty one. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** An answer: the probability of the predicted class, and whether it is the true one. */
export interface Answer {
  readonly confidence: number;
  readonly isRight: boolean;
}

/** Images by the probability of their predicted class, in bins of equal width: ((i)/n, (i+1)/n]. */
export function calibrationBins(scored: Scored, bins = 15): CalibrationBin[] {
  checkScored(scored);
  const answers = Array.from({ length: scored.labels.length }, (_, i) => {
    const predicted = predictedClass(scored, i);
    const confidence = scored.scores[i * scored.classes + predicted];
    return confidence === undefined
      ? []
      : [{ confidence, isRight: predicted === scored.labels[i] }];
  });
  return answerBins(answers.flat(), bins);
}

/** The same bins of answers. */
export function answerBins(answers: readonly Answer[], bins = 15): CalibrationBin[] {
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, accuracy: 0 }));
  for (const { confidence, isRight } of answers) {
    const sum = sums[Math.max(0, Math.min(bins - 1, Math.ceil(confidence * bins) - 1))];
    if (sum === undefined) continue;
    sum.count++;
    sum.confidence += confidence;
    sum.accuracy += isRight ? 1 : 0;
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
  return calibrationError(calibrationBins(scored, bins));
}

/** The expected calibration error of bins; NaN of none that hold images. */
export function calibrationError(filled: readonly CalibrationBin[]): number {
  const total = filled.reduce((sum, { count }) => sum + count, 0);
  return filled.reduce(
    (sum, { count, confidence, accuracy }) =>
      sum + (count / total) * Math.abs(confidence - accuracy),
    0,
  );
}
