import { mean } from './mean.ts';
import type { Scored } from './scores.ts';

/** Logarithms of the temperatures between which the best one is looked for. */
const RANGE = [-Math.log(8), Math.log(32)] as const;
const STEPS = 30;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** The least probability that float32 has a logarithm for without losing digits. */
const LEAST = 2 ** -126;

/**
 * The cross-entropy of each image after temperature scaling with the temperature that minimises the mean.
 * Training makes a network overconfident, also about what it does not know; this is the loss without that
 * effect (Guo et al. 2017, arXiv 1706.04599). The mean is convex in the inverse temperature, so a
 * golden-section search finds it.
 * @param scored with probabilities that sum to 1 in each row
 */
export function calibratedLosses(scored: Scored): number[] {
  // Logits are known up to a constant a row, which changes nothing.
  const logits = Float64Array.from(scored.scores, (p) => Math.log(Math.max(p, LEAST)));
  const at = (temperature: number) => lossesAt(logits, scored, Math.exp(-temperature));
  let [low, high]: readonly [number, number] = RANGE;
  let [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
  let [atLeft, atRight] = [mean(at(left)), mean(at(right))];
  for (let step = 0; step < STEPS; step++) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - GOLDEN * (high - low);
      atLeft = mean(at(left));
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + GOLDEN * (high - low);
      atRight = mean(at(right));
    }
  }
  return at((low + high) / 2);
}

/** log sum exp(factor z) - factor z of the label, of each row */
function lossesAt(logits: Float64Array, { classes, labels }: Scored, factor: number): number[] {
  return Array.from(labels, (label, row) => {
    const start = row * classes;
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = start; c < start + classes; c++) highest = Math.max(highest, logits[c] as number);
    let sum = 0;
    for (let c = start; c < start + classes; c++) {
      sum += Math.exp(factor * ((logits[c] as number) - highest));
    }
    return Math.log(sum) + factor * (highest - (logits[start + label] as number));
  });
}
