import { describe, expect, it } from 'vitest';
import type { ImagePrediction } from '../../src/run/record.ts';
import { chooseBest } from '../../src/search/choose-best.ts';

/** A run of which is known which images it gets right. */
function run(name: string, right: string, losses?: readonly number[]) {
  const predictions = [...right].map(
    (mark, image): ImagePrediction => ({
      path: `${image}.png`,
      label: 'cat',
      guesses: [{ label: mark === '+' ? 'cat' : 'dog', probability: 0.6 }],
      loss: losses?.[image] ?? 0.5,
    }),
  );
  const hits = [...right].filter((mark) => mark === '+').length;
  const loss = predictions.reduce((sum, each) => sum + (each.loss ?? 0), 0) / right.length;
  return { name, figures: { accuracy: hits / right.length, loss }, predictions };
}

describe('the best of a search', () => {
  it('is the first, where others are ahead by what chance brings', () => {
    const first = run('first', '++++++------');
    // Three images are won and two lost: a difference of 1 of 12, with a standard error of sqrt(5 - 1/12) / 12.
    const other = run('other', '++++--+++---');
    const choice = chooseBest(first, [other], 'accuracy');
    expect(choice?.best.name).toBe('first');
    expect(choice?.lead?.mean).toBeCloseTo(1 / 12);
    expect(choice?.lead?.error).toBeCloseTo(Math.sqrt(5 - 1 / 12) / 12);
    expect(choice?.lead?.images).toBe(12);
  });

  it('is one that is ahead by more than a standard error, and the best of those', () => {
    const first = run('first', '++++++------');
    const better = run('better', '++++++++----');
    const best = run('best', '+++++++++---');
    expect(chooseBest(first, [better, best], 'accuracy')?.best.name).toBe('best');
    expect(chooseBest(first, [better], 'accuracy')?.best.name).toBe('better');
  });

  it('is the best of the clear ones where one with better figures is not clearly ahead', () => {
    const first = run('first', '++++++++++----------');
    // Ahead by three: nine are won and six lost.
    const unclear = run('unclear', '++++------+++++++++-');
    // Ahead by two, without a loss.
    const clear = run('clear', '++++++++++++--------');
    const choice = chooseBest(first, [unclear, clear], 'accuracy');
    expect(choice?.best.name).toBe('clear');
    expect(choice?.lead?.mean).toBeCloseTo(0.1);
  });

  it('goes by the loss of each image where the loss ranks', () => {
    const first = run('first', '++--', [0.1, 0.2, 1.5, 1.6]);
    const surer = run('surer', '++--', [0.1, 0.1, 0.9, 1.1]);
    expect(chooseBest(first, [surer], 'loss')?.best.name).toBe('surer');
    expect(chooseBest(first, [surer], 'accuracy')?.best.name).toBe('first');
  });

  it('is the best by figures where the first never ended, and none where nothing did', () => {
    const [a, b] = [run('a', '+---'), run('b', '++--')];
    expect(chooseBest(undefined, [a, b], 'accuracy')).toEqual({ best: b });
    expect(chooseBest(a, [], 'accuracy')).toEqual({ best: a });
    expect(chooseBest(undefined, [], 'accuracy')).toBe(undefined);
  });

  it('is the first where there are no images in common to compare', () => {
    const other = { ...run('other', '++++'), predictions: [] };
    const choice = chooseBest(run('first', '+---'), [other], 'accuracy');
    expect(choice?.best.name).toBe('first');
    expect(choice?.lead).toEqual({ mean: 0, error: 0, images: 0 });
  });
});
