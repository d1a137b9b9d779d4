import { describe, expect, it } from 'vitest';
import type { Advice } from '../../src/advisor/advise.ts';
import { afterRace, type RaceResult, raceEpochs } from '../../src/advisor/race.ts';
import type { StrategyName } from '../../src/config/schema.ts';

const advice: Advice = {
  strategy: 'top',
  runnerUp: 'head',
  freeze: 'pool3',
  boundary: 'frozen up to pool3',
  confidence: { value: 0.95, level: 'high' },
  evidence: ['small data', 'different'],
};

function result(strategy: StrategyName, accuracy: number, images: number): RaceResult {
  return { strategy, epochs: 3, images, seconds: 2, metrics: { accuracy, loss: 1 } };
}

const says = (after: Advice) => after.evidence.at(-1);

describe('what is advised after a race', () => {
  it('stays where the advised one leads, or is as good as the first', () => {
    const leads = afterRace(advice, [result('top', 0.9, 50), result('all', 0.8, 50)]);
    expect(says(leads)).toContain('race: top, which size and similarity speak for, leads');
    expect(leads).toEqual({ ...advice, evidence: [...advice.evidence, says(leads)] });
    const even = afterRace(advice, [result('all', 0.9, 50), result('top', 0.9, 50)]);
    expect(even.strategy).toBe('top');
  });

  it('stays where there are too few images to compare on', () => {
    const after = afterRace(advice, [result('all', 0.9, 29), result('top', 0.5, 29)]);
    expect(after).toMatchObject({ strategy: 'top', freeze: 'pool3' });
    expect(says(after)).toMatch(/40\.0 points ahead.*fewer than 30 images overrule nothing/);
  });

  it('changes to the one that leads, the surer the more its lead is than chance', () => {
    const after = afterRace(advice, [result('all', 0.9, 5000), result('top', 0.84, 5000)]);
    expect(after).toMatchObject({
      strategy: 'all',
      runnerUp: 'top',
      freeze: null,
      confidence: { value: 0.99, level: 'high' },
    });
    expect(says(after)).toMatch(/^race: all .* 6\.0 points ahead, .* error of 0\.7$/);
    const unsure = afterRace(advice, [result('head', 0.9, 50), result('top', 0.8, 50)]);
    expect(unsure.strategy).toBe('head');
    // sqrt(0.9 * 0.1 / 50 + 0.8 * 0.2 / 50), about: 1.4 errors, of which 0.92 are below.
    expect(unsure.confidence.value).toBeCloseTo(0.915, 2);
    const hardly = afterRace(advice, [result('head', 0.82, 50), result('top', 0.8, 50)]);
    expect(hardly).toMatchObject({ strategy: 'head', confidence: { level: 'low' } });
  });

  it('gives up pretrained weights, or takes them up, only for more than chance could make', () => {
    const results = [result('scratch', 0.43, 42), result('all', 0.36, 42), result('top', 0.35, 42)];
    const kept = afterRace(advice, results);
    expect(kept.strategy).toBe('all');
    expect(says(kept)).toMatch(
      /^race: scratch leads with 43\.0 %, which chance alone could make; all is right/,
    );
    const own = afterRace({ ...advice, strategy: 'all' }, results);
    expect(own.strategy).toBe('all');
    expect(says(own)).toMatch(/could make; all, which .* is right on 36\.0 % of 42/);
    const clear = [result('scratch', 0.7, 42), ...results.slice(1)];
    expect(afterRace(advice, clear).strategy).toBe('scratch');
    const other = [result('all', 0.45, 42), result('scratch', 0.4, 42)];
    expect(afterRace({ ...advice, strategy: 'scratch' }, other).strategy).toBe('scratch');
  });

  it('says so where nothing could be compared', () => {
    const none = afterRace(advice, [{ strategy: 'top', reason: 'no' }]);
    expect(none).toMatchObject({ strategy: 'top', confidence: advice.confidence });
    expect(says(none)).toBe('race: there are no validation images to compare on');
    const absent = afterRace(advice, [
      result('all', 0.9, 50),
      { strategy: 'top', reason: 'the settings do not allow it' },
    ]);
    expect(absent.strategy).toBe('top');
    expect(says(absent)).toContain('was not in it');
  });
});

it('a race has the epochs of a run where that is affordable, and at least three', () => {
  const [nano, vgg16] = [49e6, 15.3e9];
  expect(raceEpochs({ macs: nano, images: 200 }, 80)).toBe(80);
  expect(raceEpochs({ macs: nano, images: 500 }, 80)).toBe(50);
  expect(raceEpochs({ macs: vgg16, images: 500 }, 80)).toBe(3);
});
