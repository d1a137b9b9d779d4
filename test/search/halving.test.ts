import { describe, expect, it } from 'vitest';
import { compareFigures, promoted } from '../../src/search/halving.ts';

describe('halving', () => {
  it('lets the best third go on, rounded up', () => {
    const reached = [0.1, 0.9, 0.5, 0.8].map((accuracy) => ({ figures: { accuracy } }));
    expect(promoted(reached, 'accuracy').map(({ figures }) => figures.accuracy)).toEqual([
      0.9, 0.8,
    ]);
  });

  it('goes by the loss between equals, and the other way round for the loss itself', () => {
    const [a, b] = [
      { accuracy: 0.9, loss: 0.3 },
      { accuracy: 0.9, loss: 0.2 },
    ];
    expect(compareFigures('accuracy', a, b)).toBeGreaterThan(0);
    expect(compareFigures('loss', a, b)).toBeGreaterThan(0);
    expect(compareFigures('accuracy', { accuracy: 0.91, loss: 9 }, b)).toBeLessThan(0);
  });

  it('puts what could not be measured behind everything else', () => {
    expect(compareFigures('accuracy', undefined, { accuracy: 0 })).toBeGreaterThan(0);
    expect(compareFigures('accuracy', { accuracy: Number.NaN }, { accuracy: 0 })).toBeGreaterThan(
      0,
    );
    expect(compareFigures('loss', {}, { loss: 1e9 })).toBeGreaterThan(0);
  });
});
