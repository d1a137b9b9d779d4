import { accuracy, logLoss, topKAccuracy } from './accuracy.ts';
import { confusionMatrix, macroF1 } from './confusion.ts';
import type { Scored } from './scores.ts';

/** The metrics that a run watches and reports, by their names in the config. */
export interface Figures {
  readonly loss: number;
  readonly accuracy: number;
  readonly top5: number;
  readonly macro_f1: number;
}

/** @param scored with probabilities that sum to 1 in each row */
export function figuresOf(scored: Scored): Figures {
  return {
    loss: logLoss(scored),
    accuracy: accuracy(scored),
    top5: topKAccuracy(scored, 5),
    macro_f1: macroF1(confusionMatrix(scored)),
  };
}

/** Probabilities of logits [rows, classes]. */
export function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (const logit of row) sum += Math.exp(logit - highest);
    row.forEach((logit, c) => {
      probabilities[start + c] = Math.exp(logit - highest) / sum;
    });
  }
  return probabilities;
}
