import { logLosses } from './accuracy.ts';
import type { Scored } from './scores.ts';

/** Logarithms of the temperatures between which the best one is looked for. */
const RANGE = [-Math.log(8), Math.log(32)] as const;
const STEPS = 30;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** The least probability that float32 has a logarithm for without losing digits. */
const LEAST = 2 ** -126;

/**
 * The cross-entropy of each image at the one temperature, of logits divided by it, that gives the least mean.
 * Training makes a network surer of what it knows as of what it does not; this is the loss without that (Guo et
 * al. 2017, arXiv 1706.04599). The mean is convex in the inverse of the temperature, so the golden section finds it.
 *
 * @param scored with probabilities that sum to 1 in each row
 */
export function calibratedLosses(scored: Scored): number[] {
  if (scored.labels.length === 0) return [];
  const at = (temperature: number) => logLosses(tempered(scored, Math.exp(temperature)));
  let [low, high] = RANGE as readonly [number, number];
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

/** The probabilities that logits divided by a temperature have; logits are known up to a constant a row. */
export function tempered(scored: Scored, temperature: number): Scored {
  const { classes, labels } = scored;
  const scores = new Float32Array(scored.scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    const row = scored.scores.subarray(start, start + classes);
    const highest = row.reduce((a, b) => Math.max(a, b), LEAST);
    let sum = 0;
    for (const p of row) sum += (Math.max(p, LEAST) / highest) ** (1 / temperature);
    for (const [c, p] of row.entries())
      scores[start + c] = (Math.max(p, LEAST) / highest) ** (1 / temperature) / sum;
  }
  return { scores, classes, labels };
}

export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
