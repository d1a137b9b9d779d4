import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { labelNoise } from '../../src/audit/label-noise.ts';

interface Golden {
  readonly classes: number;
  readonly labels: readonly number[];
  readonly flipped: readonly boolean[];
  readonly probabilities: readonly number[];
  readonly rate: number;
  readonly sharpness: number;
  readonly wrong: readonly number[];
  /** The average precision of cleanlab's label quality. */
  readonly cleanlab: number;
}

// label_noise.py says how it is made.
const golden: readonly Golden[] = JSON.parse(
  await readFile(new URL('../golden/label_noise.json', import.meta.url), 'utf8'),
);

const scoredOf = ({ classes, labels, probabilities }: Golden) => ({
  scores: Float32Array.from(probabilities),
  classes,
  labels,
});

it.each(golden.map((each, at) => ({ at, each })))(
  'is what scipy finds by maximising the same likelihood: case $at',
  ({ each }) => {
    const { rate, sharpness, wrong } = labelNoise(scoredOf(each));
    expect(sharpness).toBeCloseTo(each.sharpness, 6);
    expect(rate).toBeCloseTo(each.rate, 3);
    each.wrong.forEach((expected, image) => {
      expect(wrong[image]).toBeCloseTo(expected, 2);
    });
  },
);

it.each(golden.map((each, at) => ({ at, each })))(
  "finds planted faults no later than cleanlab's self-confidence: case $at",
  ({ each }) => {
    const { wrong } = labelNoise(scoredOf(each));
    const order = [...each.labels.keys()].sort((a, b) => (wrong[b] ?? 0) - (wrong[a] ?? 0));
    let hits = 0;
    let sum = 0;
    order.forEach((image, rank) => {
      if (each.flipped[image] !== true) return;
      hits++;
      sum += hits / (rank + 1);
    });
    expect(sum / hits).toBeGreaterThanOrEqual(each.cleanlab - 0.005);
  },
);

it('suspects nobody where a classifier sees nothing', () => {
  const labels = Array.from({ length: 60 }, (_, i) => i % 3);
  const scores = new Float32Array(180).fill(1 / 3);
  const { wrong } = labelNoise({ scores, classes: 3, labels });
  expect(Math.max(...wrong)).toBeLessThan(0.5);
});
