import { describe, expect, it } from 'vitest';
import { canProbe, stratifiedSample } from '../../src/advisor/sample.ts';

/** Items of the classes 0, 1, ..., so many of each. */
const itemsOf = (counts: readonly number[]) =>
  counts.flatMap((count, label) => Array.from({ length: count }, (_, i) => ({ label, i })));

describe('a stratified sample', () => {
  it('takes as many of each class as possible, evenly', () => {
    const { items, labels, classes } = stratifiedSample(itemsOf([100, 3, 50]), 20, 0);
    expect(classes).toBe(3);
    expect(labels.filter((label) => label === 1)).toHaveLength(3);
    expect(labels.filter((label) => label === 0).length).toBeGreaterThanOrEqual(8);
    expect(labels.filter((label) => label === 2).length).toBeGreaterThanOrEqual(8);
    expect(items).toHaveLength(20);
    expect(new Set(items).size).toBe(20);
  });

  it('of more classes than it can hold four of is of some of them', () => {
    const { items, labels, classes } = stratifiedSample(itemsOf(new Array(500).fill(10)), 100, 0);
    expect(classes).toBe(25);
    expect(Math.max(...labels)).toBe(24);
    expect(items).toHaveLength(100);
    for (let label = 0; label < 25; label++) {
      expect(labels.filter((other) => other === label)).toHaveLength(4);
    }
  });

  it('leaves out classes with one image', () => {
    const { items, labels, classes } = stratifiedSample(itemsOf([1, 5, 1, 2]), 100, 0);
    expect(classes).toBe(2);
    expect(new Set(items.map(({ label }) => label))).toEqual(new Set([1, 3]));
    expect(new Set(labels)).toEqual(new Set([0, 1]));
    expect(stratifiedSample(itemsOf([1, 1, 1]), 100, 0)).toEqual({
      ...{ items: [], labels: [], classes: 0 },
    });
  });

  it('is the same for the same seed, and another for another', () => {
    const of = (seed: number) => stratifiedSample(itemsOf([40, 40]), 10, seed);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
});

it('a probe needs two classes of two', () => {
  expect(canProbe([0, 1, 0, 1])).toBe(true);
  expect(canProbe([0, 1, 2, 0])).toBe(false);
  expect(canProbe([0, 0, 0])).toBe(false);
  expect(canProbe([])).toBe(false);
});
