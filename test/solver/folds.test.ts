import { describe, expect, it } from 'vitest';
import { stratifiedFolds } from '../../src/solver/folds.ts';

const own = (labels: readonly number[]) => labels.map((_, i) => `image ${i}`);

describe('stratifiedFolds', () => {
  it('gives each fold its share of each class', () => {
    const labels = Array.from({ length: 60 }, (_, i) => (i < 40 ? 0 : 1));
    const folds = stratifiedFolds(labels, { groups: own(labels), seed: 0 });
    expect(folds.count).toBe(5);
    for (let fold = 0; fold < 5; fold++) {
      const inside = labels.filter((_, i) => folds.of[i] === fold);
      expect(inside.filter((label) => label === 0)).toHaveLength(8);
      expect(inside.filter((label) => label === 1)).toHaveLength(4);
    }
  });

  it('keeps the copies of an image in one fold', () => {
    const labels = Array.from({ length: 40 }, (_, i) => i % 2);
    const groups = labels.map((label, i) => `${label} ${Math.floor(i / 4)}`);
    const { of } = stratifiedFolds(labels, { groups, seed: 3 });
    for (const name of new Set(groups)) {
      expect(new Set(of.filter((_, i) => groups[i] === name)).size).toBe(1);
    }
  });

  it('makes fewer folds for a class of two images', () => {
    const labels = [0, 0, 0, 0, 0, 0, 1, 1];
    expect(stratifiedFolds(labels, { groups: own(labels), seed: 0 }).count).toBe(2);
  });

  it('never holds out the only image of a class', () => {
    const labels = [0, 0, 0, 1, 1, 1, 2];
    const folds = stratifiedFolds(labels, { groups: own(labels), seed: 0 });
    expect(folds.count).toBe(3);
    expect(folds.of[6]).toBe(-1);
  });

  it('makes none where no two classes have two images', () => {
    const labels = [0, 0, 0, 1];
    expect(stratifiedFolds(labels, { groups: own(labels), seed: 0 }).count).toBe(0);
  });

  it('depends on the seed and on nothing else', () => {
    const labels = Array.from({ length: 30 }, (_, i) => i % 3);
    const of = (seed: number) => stratifiedFolds(labels, { groups: own(labels), seed }).of;
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
});
