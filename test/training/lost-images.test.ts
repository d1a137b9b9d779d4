import { describe, expect, it } from 'vitest';
import { countLosses, requireImages } from '../../src/training/lost-images.ts';

/** Loses so many images, each with a reason. */
function lose(total: number, reasons: readonly string[]): void {
  const losses = countLosses('pictures', total);
  for (const [at, reason] of reasons.entries()) losses.add(`${at}.png`, reason);
}

const times = (count: number, reason: string) => new Array<string>(count).fill(reason);

describe('a pass over images', () => {
  it('may lose a fifth of them, and no more', () => {
    expect(() => lose(10, times(2, 'cut'))).not.toThrow();
    expect(() => lose(10, times(3, 'cut'))).toThrow(
      expect.objectContaining({
        kind: 'data',
        message: expect.stringContaining('3 of 10 images'),
        details: expect.objectContaining({
          expected: expect.stringMatching(/20 %/),
          where: 'pictures',
        }),
      }),
    );
    expect(() => lose(4, times(1, 'cut'))).toThrow(/1 of 4 images/);
  });

  it('tells the three commonest reasons, each with how often and an image', () => {
    const reasons = [
      'rare',
      ...times(2, 'often'),
      ...times(3, 'most'),
      ...times(4, 'all'),
      'rare2',
    ];
    expect(() => lose(50, reasons)).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({
          found: '4 times "all", as 6.png; 3 times "most", as 3.png; 2 times "often", as 1.png',
        }),
      }),
    );
  });

  it('counts the bad ones of batches, by their paths', () => {
    const losses = countLosses('pictures', 5);
    const images = [{ path: 'a.png' }, { path: 'b.png' }, { path: 'c.png' }];
    losses.addAll([], images);
    losses.addAll([{ index: 1, reason: 'cut' }], images);
    expect(() => losses.addAll([{ index: 2, reason: 'gone' }], images)).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({
          found: '1 times "cut", as b.png; 1 times "gone", as c.png',
        }),
      }),
    );
  });

  it('that has seen none has no result', () => {
    expect(() => requireImages(1, 'to measure')).not.toThrow();
    expect(() => requireImages(0, 'to measure')).toThrow(
      expect.objectContaining({ kind: 'data', message: 'no image could be read to measure' }),
    );
  });
});
