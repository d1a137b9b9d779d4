import { describe, expect, it } from 'vitest';
import { type Belief, beliefOf, draws, updated } from '../../src/advisor/belief.ts';
import type { StrategyName } from '../../src/config/schema.ts';

/** Images `from` to `to` of which those below `right` are named right. */
function outcome(strategy: StrategyName, hits: (image: number) => boolean, [from, to] = [0, 100]) {
  const right = new Map<string, boolean>();
  for (let image = from ?? 0; image < (to ?? 0); image++) right.set(`${image}`, hits(image));
  return { strategy, right };
}

const prior = beliefOf([
  { strategy: 'head', mean: 0, deviation: 0 },
  { strategy: 'all', mean: 0.02, deviation: 0.05 },
  { strategy: 'scratch', mean: -0.3, deviation: 0.1 },
]);

const index = (belief: Belief, strategy: StrategyName) => belief.strategies.indexOf(strategy);
function difference(belief: Belief, a: StrategyName, b: StrategyName) {
  const [i, j] = [index(belief, a), index(belief, b)];
  const { mean, covariance } = belief;
  const variance = covariance.get(i, i) + covariance.get(j, j) - 2 * covariance.get(i, j);
  return { mean: (mean[i] ?? 0) - (mean[j] ?? 0), error: Math.sqrt(variance) };
}

describe('what is believed', () => {
  it('before any trial is what is expected, whatever the level', () => {
    expect(difference(prior, 'all', 'head').mean).toBeCloseTo(0.02, 12);
    expect(difference(prior, 'all', 'head').error).toBeCloseTo(0.05, 9);
  });

  it('goes with the trials, the more images the further, and gets narrower', () => {
    const gap = (images: number) =>
      difference(
        updated(prior, [
          outcome('head', (i) => i % 10 < 6, [0, images]),
          outcome('all', (i) => i % 10 < 8, [0, images]),
        ]),
        'all',
        'head',
      );
    expect(gap(20).mean).toBeGreaterThan(0.02);
    expect(gap(200).mean).toBeGreaterThan(gap(20).mean);
    expect(gap(2000).mean).toBeGreaterThan(gap(200).mean);
    expect(gap(2000).mean).toBeLessThan(0.2);
    expect(gap(200).error).toBeLessThan(gap(20).error);
  });

  it('follows the formula of two normal distributions', () => {
    // Which images are right has nothing to do with each other: their variances add up.
    const images = 400;
    const belief = updated(prior, [
      outcome('head', (i) => i % 2 === 0, [0, images]),
      outcome('all', (i) => i % 4 < 2, [0, images]),
    ]);
    const share = 0.5;
    const noise = 2 * ((share * (1 - share)) / images + 0.015 ** 2);
    const weight = 0.05 ** 2 / (0.05 ** 2 + noise);
    expect(difference(belief, 'all', 'head').mean).toBeCloseTo(0.02 * (1 - weight), 3);
    expect(difference(belief, 'all', 'head').error).toBeCloseTo(0.05 * Math.sqrt(1 - weight), 3);
  });

  it('compares image by image: the same images right say more than as many others', () => {
    const wide = beliefOf([
      { strategy: 'head', mean: 0, deviation: 0 },
      { strategy: 'all', mean: 0, deviation: 0.5 },
    ]);
    const same = updated(wide, [outcome('head', (i) => i < 60), outcome('all', (i) => i < 65)]);
    const others = updated(wide, [outcome('head', (i) => i < 60), outcome('all', (i) => i >= 35)]);
    expect(difference(same, 'all', 'head').error).toBeLessThan(
      0.6 * difference(others, 'all', 'head').error,
    );
  });

  it('does not take an easy part of the images for a strategy that is better', () => {
    // Head is right on all of the part that both saw, and on few of the rest.
    const head = outcome('head', (i) => i < 20 || i % 5 === 0);
    const all = outcome('all', () => true, [0, 20]);
    const belief = updated(prior, [head, all]);
    expect(Math.abs(difference(belief, 'all', 'head').mean)).toBeLessThan(0.02);
  });

  it('leaves what was not tried where it is expected beside the others', () => {
    const belief = updated(prior, [outcome('head', (i) => i < 90)]);
    expect(belief.mean[index(belief, 'head')]).toBeCloseTo(0.9, 1);
    expect(difference(belief, 'scratch', 'head').mean).toBeCloseTo(-0.3, 6);
  });

  it('is drawn from with its mean and covariance, always the same', () => {
    const belief = updated(prior, [outcome('head', (i) => i < 70)]);
    const drawn = draws(belief);
    expect(draws(belief)).toEqual(drawn);
    const gaps = drawn.map((each) => (each[1] ?? 0) - (each[0] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const error = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(difference(belief, 'all', 'head').mean, 2);
    expect(error).toBeCloseTo(difference(belief, 'all', 'head').error, 2);
  });

  it('is what it was where nothing was tried, or what is not among the strategies', () => {
    expect(updated(prior, [])).toBe(prior);
    expect(updated(prior, [outcome('top', () => true), outcome('head', () => true, [0, 0])])).toBe(
      prior,
    );
  });

  it('of strategies that were tried on other images says nothing of their difference', () => {
    const belief = updated(prior, [
      outcome('head', (i) => i < 60, [0, 100]),
      outcome('all', () => true, [100, 150]),
    ]);
    expect(difference(belief, 'all', 'head').mean).toBeCloseTo(0.02, 6);
  });

  it('takes all right and all wrong for what they are', () => {
    const belief = updated(prior, [
      outcome('head', () => true),
      outcome('all', () => true),
      outcome('scratch', () => false),
    ]);
    expect(belief.mean.every(Number.isFinite)).toBe(true);
    expect(difference(belief, 'head', 'scratch').mean).toBeGreaterThan(0.5);
  });
});
