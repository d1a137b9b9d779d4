import { describe, expect, it } from 'vitest';
import { beliefOf } from '../../src/advisor/belief.ts';
import { nextTrial, type TrialState } from '../../src/advisor/trial-order.ts';
import { chanceOver, verdictOf } from '../../src/advisor/verdict.ts';

const of = (
  means: Readonly<Record<'head' | 'top' | 'all' | 'scratch', number>>,
  deviation = 0.03,
) =>
  beliefOf(
    (['head', 'all', 'top', 'scratch'] as const).map((strategy) => ({
      strategy,
      mean: means[strategy],
      deviation: strategy === 'head' ? 0 : deviation,
    })),
  );

describe('the verdict', () => {
  it('is the best where it is clear, with the next as runner-up', () => {
    const found = verdictOf(of({ head: 0, top: 0.05, all: 0.2, scratch: -0.4 }, 0.01));
    expect(found).toMatchObject({ strategy: 'all', runnerUp: 'top', isClose: false });
    expect(found.confidence).toBeGreaterThan(0.99);
    expect(found.difference.mean).toBeCloseTo(0.15, 2);
    expect(found.difference.low).toBeGreaterThan(0.1);
    expect(found.difference.high).toBeLessThan(0.2);
  });

  it('is the cheapest where nothing separates them', () => {
    const found = verdictOf(of({ head: 0, top: 0, all: 0.001, scratch: -0.4 }, 0.02));
    expect(found).toMatchObject({ strategy: 'head', isClose: true });
  });

  it('is not confident where much is open', () => {
    const found = verdictOf(of({ head: 0, top: 0, all: 0.02, scratch: 0 }, 0.15));
    expect(found.confidence).toBeLessThan(0.6);
  });

  it('on one strategy alone is that one, for sure', () => {
    const found = verdictOf(beliefOf([{ strategy: 'scratch', mean: 0, deviation: 0.1 }]));
    expect(found).toMatchObject({ strategy: 'scratch', runnerUp: 'scratch', confidence: 1 });
    expect(found.difference).toEqual({ mean: 0, low: 0, high: 0 });
  });

  it('knows how often one is better than another', () => {
    const belief = of({ head: 0, top: 0.03, all: 0, scratch: -0.4 }, 0.03);
    // A standard deviation above: 0.841 of a normal distribution.
    expect(Math.abs(chanceOver(belief, 'top', 'head') - 0.841)).toBeLessThan(0.03);
  });
});

describe('the next trial', () => {
  const state = (changes: Partial<TrialState>): TrialState => ({
    belief: of({ head: 0, top: 0, all: 0.02, scratch: -0.05 }, 0.08),
    done: { head: 0, top: 0, all: 0, scratch: 0 },
    folds: { head: 1, top: 5, all: 5, scratch: 5 },
    seconds: { head: 1, top: 10, all: 20, scratch: 20 },
    left: 60,
    inFull: false,
    ...changes,
  });

  it('is the cheapest first, then the others on the same part', () => {
    expect(nextTrial(state({}))).toEqual({ strategy: 'head', fold: 0 });
    const done = { head: 1, top: 1, all: 0, scratch: 0 };
    expect(nextTrial(state({ done }))).toEqual({ strategy: 'all', fold: 0 });
    const all = { head: 1, top: 1, all: 1, scratch: 1 };
    expect(nextTrial(state({ done: all }))).toEqual({ strategy: 'top', fold: 1 });
  });

  it('is none where it would change little', () => {
    const belief = of({ head: 0.3, top: 0, all: 0, scratch: -0.4 }, 0.02);
    expect(nextTrial(state({ belief }))).toBeUndefined();
    expect(nextTrial(state({ belief, inFull: true }))).toBeDefined();
  });

  it('leaves out what is hopeless, not allowed, or takes too long', () => {
    const done = { head: 1, top: 1, all: 1, scratch: 0 };
    const belief = of({ head: 0, top: 0, all: 0.02, scratch: -0.5 }, 0.08);
    expect(nextTrial(state({ belief, done }))).toEqual({ strategy: 'top', fold: 1 });
    const folds = { head: 1, top: 0, all: 5, scratch: 5 };
    expect(nextTrial(state({ belief, done, folds }))).toEqual({ strategy: 'all', fold: 1 });
    expect(nextTrial(state({ belief, done, left: 15 }))).toEqual({ strategy: 'top', fold: 1 });
    expect(nextTrial(state({ belief, done, left: 5 }))).toBeUndefined();
  });

  it('gives everything in full that there is time for', () => {
    const belief = of({ head: 0, top: 0, all: 0.02, scratch: -0.9 }, 0.01);
    const done = { head: 1, top: 5, all: 5, scratch: 4 };
    expect(nextTrial(state({ belief, done, inFull: true }))).toEqual({
      strategy: 'scratch',
      fold: 4,
    });
  });
});
