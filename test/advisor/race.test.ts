import { describe, expect, it } from 'vitest';
import { afterRace } from '../../src/advisor/race.ts';
import type { Advice, RaceResult } from '../../src/outputs/advice.ts';

const advice: Advice = {
  strategy: 'top',
  runnerUp: 'head',
  freeze: 'pool3',
  boundary: 'frozen up to pool3',
  confidence: { value: 0.95, level: 'high' },
  evidence: ['small data', 'different'],
};

function result(strategy: 'head' | 'all' | 'top', accuracy: number, images: number): RaceResult {
  return { strategy, epochs: 3, images, seconds: 2, metrics: { accuracy, loss: 1 } };
}

describe('what is advised after a race', () => {
  it('stays where the advised one leads, or is as good as the first', () => {
    const leads = afterRace(advice, [result('top', 0.9, 50), result('all', 0.8, 50)]);
    expect(leads.says).toContain('top, which size and similarity speak for, leads');
    expect(leads.advice).toEqual({
      ...advice,
      evidence: [...advice.evidence, `race: ${leads.says}`],
    });
    const even = afterRace(advice, [result('all', 0.9, 50), result('top', 0.9, 50)]);
    expect(even.advice.strategy).toBe('top');
  });

  it('stays where chance alone could make the lead', () => {
    const { advice: after, says } = afterRace(advice, [
      result('all', 0.9, 50),
      result('top', 0.84, 50),
    ]);
    expect(after).toMatchObject({ strategy: 'top', freeze: 'pool3' });
    expect(says).toMatch(/6\.0 points ahead.*chance alone could make/);
  });

  it('changes where the lead is more than its standard error', () => {
    const { advice: after } = afterRace(advice, [
      result('all', 0.9, 5000),
      result('top', 0.84, 5000),
    ]);
    expect(after).toMatchObject({
      strategy: 'all',
      runnerUp: 'top',
      freeze: null,
      confidence: { value: 0.99, level: 'high' },
    });
    expect(after.evidence.at(-1)).toMatch(/^race: all .* 6\.0 points ahead, .* error of 0\.7$/);
    const unsure = afterRace(advice, [result('head', 0.9, 50), result('top', 0.8, 50)]);
    expect(unsure.advice.strategy).toBe('head');
    // sqrt(0.9 * 0.1 / 50 + 0.8 * 0.2 / 50), about: 1.4 errors, of which 0.92 are below.
    expect(unsure.advice.confidence.value).toBeCloseTo(0.915, 2);
  });

  it('says so where nothing could be compared', () => {
    const none = afterRace(advice, [{ strategy: 'top', reason: 'no' }]);
    expect(none).toEqual({ advice, says: 'there are no validation images to compare on' });
    const absent = afterRace(advice, [
      result('all', 0.9, 50),
      { strategy: 'top', reason: 'the settings do not allow it' },
    ]);
    expect(absent.advice.strategy).toBe('top');
    expect(absent.says).toContain('was not in the race');
  });
});
