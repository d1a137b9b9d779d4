import { describe, expect, it } from 'vitest';
import { expectations, type PriorFacts } from '../../src/advisor/prior.ts';
import type { Similarity } from '../../src/advisor/similarity.ts';
import { judgeSize } from '../../src/advisor/size.ts';
import type { StrategyName } from '../../src/config/schema.ts';

const SIZES = { largePerClass: 1000, largeInAll: 20_000 };
const unmeasured: Similarity = { state: 'unmeasured', reason: 'it was not', depths: [] };
const measured = (gain: number): Similarity => ({
  ...{ state: 'measured', images: 100, depths: [], chance: 0.1, skill: 0.5, gain, best: 'pool5' },
  ...{ worthKeeping: true, verdict: 'similar', confidence: 0.9, reason: 'it is so' },
});

const facts = (changes: Partial<PriorFacts> = {}): PriorFacts => ({
  size: judgeSize([50, 50], SIZES),
  similarity: measured(0.2),
  parameters: 5e5,
  named: 'head',
  ...changes,
});

function meanOf(strategy: StrategyName, changes?: Partial<PriorFacts>): number {
  const found = expectations(facts(changes)).find((each) => each.strategy === strategy);
  return found?.mean ?? Number.NaN;
}

describe('what is expected before any trial', () => {
  it('is beside head, of which nothing is open', () => {
    const [head, ...others] = expectations(facts({ named: 'top' }));
    expect(head).toEqual({ strategy: 'head', mean: 0, deviation: 0 });
    expect(others.map(({ strategy }) => strategy)).toEqual(['top', 'all', 'scratch']);
    for (const { deviation } of others) expect(deviation).toBeGreaterThan(0.005);
  });

  it('is what was measured on 100 images: a small network gains by training all of it, a large one does not', () => {
    expect(meanOf('all')).toBeCloseTo(0.02, 12);
    expect(meanOf('all', { parameters: 1.4e7 })).toBeCloseTo(0, 12);
    expect(meanOf('scratch', { parameters: 1.4e7 })).toBeLessThan(meanOf('scratch'));
  });

  it('rises with the images, a tenfold at a time', () => {
    const size = judgeSize([500, 500], SIZES);
    expect(meanOf('all', { size }) - meanOf('all')).toBeCloseTo(0.01, 12);
    expect(meanOf('scratch', { size })).toBeGreaterThan(meanOf('scratch'));
    expect(meanOf('head', { size })).toBe(meanOf('head'));
  });

  it('falls for random weights where pretraining brings much, within limits', () => {
    const [usual, much, nothing, less] = [0.2, 0.6, -1, -50].map((gain) =>
      meanOf('scratch', { similarity: measured(gain) }),
    );
    expect(much).toBeLessThan(usual as number);
    expect(nothing).toBeGreaterThan(usual as number);
    expect(less).toBe(nothing);
    expect(meanOf('scratch', { similarity: unmeasured })).toBe(usual);
  });

  it('counts half a point for what size and similarity name', () => {
    expect(meanOf('top', { named: 'top' }) - meanOf('top')).toBeCloseTo(0.005, 12);
  });
});
