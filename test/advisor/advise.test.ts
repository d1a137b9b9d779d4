import { describe, expect, it } from 'vitest';
import { adviseScratch, boundaryOf, namedBy } from '../../src/advisor/advise.ts';
import {
  judgeSimilarity,
  type MeasuredDepth,
  type Similarity,
} from '../../src/advisor/similarity.ts';
import { judgeSize } from '../../src/advisor/size.ts';

const SIZES = { largePerClass: 1000, largeInAll: 20_000 };
const SIMILARITIES = { similar: 0.8, gain: 0.1, margin: 0.02 };

/** A depth that names the first `right` of 100 images. */
function depth(name: string, right: number, from = 0): MeasuredDepth {
  const hits = Array.from({ length: 100 }, (_, i) => i >= from && i < from + right);
  return { name, width: 512, logme: 0, hits, randomHits: null };
}

function depthOf(name: string, images: number, hit: (image: number) => boolean): MeasuredDepth {
  const hits = Array.from({ length: images }, (_, i) => hit(i));
  return { name, width: 512, logme: 0, hits, randomHits: null };
}

const similar = judgeSimilarity([depth('pool3', 60), depth('pool5', 95)], 0.1, SIMILARITIES);
const different = judgeSimilarity(
  [depth('pool3', 90), depth('pool4', 80), depth('pool5', 60)],
  0.1,
  SIMILARITIES,
);
const small = judgeSize([40, 50, 60], SIZES);
const large = judgeSize([5000, 4000, 9000], SIZES);

describe('size', () => {
  it('counts, and is small or large by either border', () => {
    expect(small).toMatchObject({ images: 150, classes: 3, verdict: 'small', imbalance: 1.5 });
    expect(small.perClass).toEqual({ fewest: 40, median: 50, mean: 50, most: 60 });
    expect(large.verdict).toBe('large');
    expect(judgeSize(new Array(100).fill(200), SIZES).verdict).toBe('large');
    expect(judgeSize(new Array(100).fill(199), SIZES).verdict).toBe('small');
    expect(judgeSize([900, 1100], SIZES).verdict).toBe('large');
  });

  it('is sure far from the border and unsure on it', () => {
    expect(judgeSize([1000, 1000], SIZES).confidence).toBeCloseTo(0.5, 12);
    expect(judgeSize([500, 500], SIZES).confidence).toBeCloseTo(0.9, 12);
    expect(judgeSize([2000, 2000], SIZES).confidence).toBeCloseTo(0.9, 12);
    expect(judgeSize([2, 2], SIZES).confidence).toBe(0.99);
  });
});

describe('similarity', () => {
  const measured = (found: Similarity) => {
    if (found.state !== 'measured') throw new Error(found.reason);
    return found;
  };

  it('high at the last depth is similar', () => {
    expect(measured(similar)).toMatchObject({ verdict: 'similar', best: 'pool5', images: 100 });
    expect(measured(similar).skill).toBeCloseTo((0.95 - 0.1) / 0.9, 12);
    expect(measured(similar).confidence).toBeGreaterThan(0.85);
  });

  it('clearly better at an earlier depth is different', () => {
    expect(measured(different)).toMatchObject({ verdict: 'different', best: 'pool3' });
    expect(measured(different).reason).toContain('earlier depth');
    expect(measured(different).depths.map(({ lead }) => lead)).toEqual([0.3, 0.2, 0]);
  });

  it('low at every depth is different, a little better earlier is not clearly better', () => {
    const low = [depth('pool4', 40), depth('pool5', 41)];
    expect(measured(judgeSimilarity(low, 0.1, SIMILARITIES)).verdict).toBe('different');
    const close = [depth('pool4', 96), depth('pool5', 95)];
    expect(measured(judgeSimilarity(close, 0.1, SIMILARITIES)).verdict).toBe('similar');
  });

  it('the error of the lead is that of the paired differences', () => {
    // pool4 alone is right on 10 images, pool5 alone on 4: differences of 1, -1 and 0.
    const found = measured(
      judgeSimilarity([depth('pool4', 50, 4), depth('pool5', 48)], 0.1, SIMILARITIES),
    );
    const differences = Array.from(
      { length: 100 },
      (_, i) => Number(i >= 4 && i < 54) - Number(i < 48),
    );
    const mean = differences.reduce((sum, d) => sum + d, 0) / 100;
    const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / 100;
    expect(found.depths[0]?.lead).toBeCloseTo(mean, 12);
    expect(found.depths[0]?.leadError).toBeCloseTo(Math.sqrt(variance / 100), 12);
  });

  it('nothing above chance is not measured, and never called similar', () => {
    const found = judgeSimilarity([depth('pool4', 55), depth('pool5', 52)], 0.5, SIMILARITIES);
    expect(found.state).toBe('unmeasured');
    expect(found.reason).toContain('chance');
  });

  it('a lead within the noise is not a clear one, however large the margin allows', () => {
    // Of 24 images two more, as many as a coin would give; the same lead on 600 is no accident.
    const early = (images: number) => depthOf('pool3', images, (i) => i % 12 !== 0);
    const last = (images: number) => depthOf('pool5', images, (i) => i % 12 > 1);
    const few = measured(judgeSimilarity([early(24), last(24)], 0.1, SIMILARITIES));
    expect(few.depths[0]?.lead).toBeGreaterThan(SIMILARITIES.margin);
    expect(few).toMatchObject({ verdict: 'similar', best: 'pool5' });
    expect(few.confidence).toBeLessThan(0.8);
    const many = measured(judgeSimilarity([early(600), last(600)], 0.1, SIMILARITIES));
    expect(many).toMatchObject({ verdict: 'different', best: 'pool3' });
    expect(many.confidence).toBeGreaterThan(0.95);
  });

  it('both reasons are given where both hold', () => {
    expect(measured(different).reason).toMatch(/earlier depth.*; the last depth .* too little/);
  });

  it('confidence is that of a coin on the border, more away from it, and never 1', () => {
    const confidence = (right: number) =>
      measured(judgeSimilarity([depthOf('pool5', 1000, (i) => i < right)], 0, SIMILARITIES))
        .confidence;
    expect(Math.abs(confidence(800) - 0.5)).toBeLessThan(0.06);
    // A border that varies by 0.1 is 1, and 2, standard deviations away: 0.84 and 0.977.
    expect(Math.abs(confidence(900) - 0.841)).toBeLessThan(0.04);
    expect(Math.abs(confidence(700) - 0.841)).toBeLessThan(0.04);
    expect(Math.abs(confidence(600) - 0.977)).toBeLessThan(0.02);
    expect(confidence(200)).toBe(0.99);
  });

  it('more than random weights reach at any depth is similar, however hard the classes are', () => {
    const judged = (random: readonly [number, number]) =>
      measured(
        judgeSimilarity(
          [
            { ...depth('pool4', 30), randomHits: depth('pool4', random[0]).hits },
            { ...depth('pool5', 40), randomHits: depth('pool5', random[1]).hits },
          ],
          0.1,
          SIMILARITIES,
        ),
      );
    expect(judged([25, 20])).toMatchObject({ verdict: 'similar', best: 'pool5' });
    expect(judged([25, 20]).gain).toBeCloseTo((0.4 - 0.25) / 0.75, 12);
    expect(judged([25, 20]).reason).toContain('random weights at best pool4 25.0 %');
    expect(judged([25, 20]).depths.map(({ random }) => random)).toEqual([0.25, 0.2]);
    // 0.4 over 0.35 avoids 0.05 / 0.65 of the errors: less than a tenth.
    expect(judged([35, 20])).toMatchObject({ verdict: 'different', best: 'pool5' });
    expect(judged([35, 20]).reason).toContain('pretraining brings too little');
    expect(judged([35, 20]).confidence).toBeLessThan(0.8);
    expect(judged([5, 5]).confidence).toBeGreaterThan(judged([25, 20]).confidence);
  });

  it('an earlier depth that is clearly better is different, whatever random weights do', () => {
    const early = { ...depth('pool3', 60), randomHits: depth('pool3', 10).hits };
    const last = { ...depth('pool5', 40), randomHits: depth('pool5', 10).hits };
    expect(measured(judgeSimilarity([early, last], 0.1, SIMILARITIES)).verdict).toBe('different');
  });

  it('random weights without an error leave nothing to gain', () => {
    const easy = { ...depth('pool5', 70), randomHits: depth('pool5', 100).hits };
    expect(measured(judgeSimilarity([easy], 0.1, SIMILARITIES))).toMatchObject({
      gain: 0,
      verdict: 'different',
    });
  });

  it('fewer images, less confidence', () => {
    const confidence = (images: number) =>
      measured(judgeSimilarity([depthOf('pool5', images, (i) => i % 10 !== 0)], 0, SIMILARITIES))
        .confidence;
    expect(confidence(20)).toBeLessThan(confidence(1000) - 0.03);
  });
});

describe('what size and similarity name', () => {
  it.each([
    ['small', 'similar', small, similar, 'head'],
    ['small', 'different', small, different, 'top'],
    ['large', 'similar', large, similar, 'all'],
    ['large', 'different', large, different, 'scratch'],
  ] as const)('%s and %s', (_size, _similarity, size, similarity, strategy) => {
    expect(namedBy(size, similarity)).toBe(strategy);
  });

  it('nothing is kept where random weights do clearly better at every depth', () => {
    const judged = (random: number) =>
      judgeSimilarity(
        [
          { ...depth('pool3', 88), randomHits: depth('pool3', random).hits },
          { ...depth('pool5', 65), randomHits: depth('pool5', 30).hits },
        ],
        0.1,
        SIMILARITIES,
      );
    expect(judged(98)).toMatchObject({ verdict: 'different', worthKeeping: false });
    expect(namedBy(small, judged(98))).toBe('scratch');
    expect(namedBy(large, judged(98))).toBe('scratch');
    // One image more, of a hundred: no clear lead.
    expect(judged(89)).toMatchObject({ verdict: 'different', worthKeeping: true });
    expect(namedBy(small, judged(89))).toBe('top');
  });

  it('is by size alone where similarity is unmeasured', () => {
    const similarity: Similarity = { state: 'unmeasured', reason: 'nothing there', depths: [] };
    expect(namedBy(small, similarity)).toBe('head');
    expect(namedBy(large, similarity)).toBe('all');
  });
});

describe('the boundary', () => {
  it('of top is the depth that separates best, where that is an earlier one', () => {
    expect(boundaryOf('top', different).freeze).toBe('pool3');
    expect(boundaryOf('top', similar).freeze).toBeNull();
    const low = judgeSimilarity([depth('pool4', 40), depth('pool5', 45)], 0.1, SIMILARITIES);
    expect(boundaryOf('top', low).freeze).toBeNull();
  });

  it.each(['head', 'all', 'scratch'] as const)('of %s is its own', (strategy) => {
    expect(boundaryOf(strategy, different).freeze).toBeNull();
  });
});

it('random weights leave nothing to choose between, and few images are warned of', () => {
  for (const size of [small, large]) {
    const found = adviseScratch(size, 'it starts from random weights');
    expect(found).toMatchObject({ strategy: 'scratch', freeze: null });
    expect(found.evidence.join(' ')).toContain('random weights');
    expect(found.evidence.join(' ').includes('pretrained weights would')).toBe(size === small);
  }
});
