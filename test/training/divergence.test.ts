import { describe, expect, it } from 'vitest';
import { START } from '../../src/training/checkpoint.ts';
import { climbWarning, diverged, hasClimbed } from '../../src/training/divergence.ts';
import type { PhaseRun } from '../../src/training/job.ts';

const run = {
  phase: { name: 'main', refit: false, groups: [{ learningRate: 0.1 }, { learningRate: 0.3 }] },
  start: START,
} as unknown as PhaseRun;

describe('a loss that has climbed', () => {
  it.each([
    ['three times the start, and above that of guessing', [3.1], { before: 1, classes: 3 }, true],
    ['just three times', [3], { before: 1, classes: 3 }, false],
    [
      'many times a small start, but below that of guessing',
      [1.09],
      { before: 0.01, classes: 3 },
      false,
    ],
    ['above that of guessing, but the start was worse', [2], { before: 1, classes: 3 }, false],
    ['in the second of two', [1, 4], { before: 1, classes: 3 }, true],
    ['no number', [Number.NaN], { before: 1, classes: 3 }, false],
  ])('is %s', (_, losses, { before, classes }, climbed) => {
    expect(hasClimbed(losses, { before: { loss: before }, classes })).toBe(climbed);
  });

  it('is none where the loss of the start is unknown', () => {
    expect(hasClimbed([100], { before: {}, classes: 3 })).toBe(false);
  });

  it('is told with the highest rate', () => {
    expect(climbWarning(run, 'the loss climbed').message).toMatch(/the loss climbed.*up to 0\.3\)/);
  });
});

describe('numbers that left the range of numbers', () => {
  const errorAt = (changes: object, start: object = START) => {
    const progress = { ...START, ...changes };
    return diverged({ ...run, start: { ...START, ...start } }, { progress, step: 7, what: 'x' });
  };

  it('are told with the place and the highest rate', () => {
    expect(errorAt({})).toMatchObject({
      kind: 'usage',
      details: { where: 'main, epoch 1, step 7', fix: expect.stringContaining('up to 0.3)') },
    });
    expect(errorAt({}).details.fix).not.toContain('checkpoint');
  });

  it.each([
    ['after an epoch', { epoch: 1 }, {}],
    ['in a later phase', { phase: 1 }, {}],
    ['in an epoch that a resumed run goes on with', { batch: 3 }, { batch: 2 }],
  ])('leave the last checkpoint, which is said: %s', (_, changes, start) => {
    expect(errorAt(changes, start).details.fix).toContain('the last good checkpoint is kept');
  });
});
