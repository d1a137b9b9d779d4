import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { logLosses } from '../../src/metrics/accuracy.ts';
import { mean } from '../../src/metrics/mean.ts';
import { softmaxRows } from '../../src/metrics/metric-values.ts';
import type { Scored } from '../../src/metrics/scores.ts';
import { calibratedLosses } from '../../src/metrics/temperature.ts';

/** Logits whose labels are drawn from their own softmax: their best temperature is near 1. */
function honest(count: number, classes = 4) {
  const rng = createRng('temperature', count);
  const logits = Float32Array.from({ length: count * classes }, () => 4 * rng.uniform() - 2);
  const rows = softmaxRows(logits, classes);
  const labels = Array.from({ length: count }, (_, i) => {
    const drawn = rng.uniform();
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      sum += rows[i * classes + c] as number;
      if (drawn < sum) return c;
    }
    return classes - 1;
  });
  return { logits, labels, classes };
}

const scoredAt = (
  { logits, labels, classes }: ReturnType<typeof honest>,
  factor: number,
): Scored => ({
  scores: softmaxRows(
    logits.map((x) => factor * x),
    classes,
  ),
  classes,
  labels,
});

describe('the calibrated loss', () => {
  const made = honest(400);

  it('is the same however sure a network is of the same', () => {
    const plain = mean(calibratedLosses(scoredAt(made, 1)));
    for (const factor of [0.5, 3, 7]) {
      expect(mean(calibratedLosses(scoredAt(made, factor)))).toBeCloseTo(plain, 4);
    }
    expect(mean(logLosses(scoredAt(made, 7)))).toBeGreaterThan(plain + 1);
  });

  it('is the least over a grid of temperatures', () => {
    const scored = scoredAt(made, 2.5);
    const grid = Array.from({ length: 400 }, (_, i) => 0.2 + i * 0.02);
    const least = Math.min(...grid.map((t) => mean(logLosses(scoredAt(made, 2.5 / t)))));
    const found = mean(calibratedLosses(scored));
    expect(found).toBeLessThan(least + 1e-6);
    expect(found).toBeGreaterThan(least - 1e-4);
  });

  it('is finite where all are right, or a probability is 0, and is nothing of nothing', () => {
    const sure = { scores: Float32Array.of(1, 0, 0, 1), classes: 2, labels: [0, 1] };
    expect(mean(calibratedLosses(sure))).toBeLessThan(1e-6);
    // The best that a network can do that is always wrong is to be as unsure as the range allows.
    const wrong = calibratedLosses({ ...sure, labels: [1, 0] });
    expect(wrong.every(Number.isFinite)).toBe(true);
    expect(calibratedLosses({ scores: new Float32Array(), classes: 2, labels: [] })).toEqual([]);
  });
});
