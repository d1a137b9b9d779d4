import { describe, expect, it } from 'vitest';
import { isClearlyLower, judgeEpochs, watchedMetric } from '../../src/training/early-stop.ts';

const losses = (...values: number[]) => values.map((loss) => ({ loss }));
const rule = { metric: 'loss', patience: 2, minDelta: 0 } as const;

describe('judgeEpochs', () => {
  it('takes the lowest loss and stops after `patience` epochs without progress', () => {
    expect(judgeEpochs(losses(3, 2, 2.5), rule)).toEqual({ best: 1, stop: false });
    expect(judgeEpochs(losses(3, 2, 2.5, 2), rule)).toEqual({ best: 1, stop: true });
    expect(judgeEpochs(losses(3, 2, 2.5, 1.9), rule)).toEqual({ best: 3, stop: false });
  });

  it('takes the lowest calibrated loss, whatever the plain one says', () => {
    const history = [0.5, 0.4, 0.45].map((calibrated_loss, at) => ({
      calibrated_loss,
      loss: 1 + at,
    }));
    const verdict = judgeEpochs(history, { ...rule, metric: 'calibrated_loss' });
    expect(verdict.best).toBe(1);
  });

  it('takes the highest of any other metric', () => {
    const history = [0.2, 0.6, 0.5, 0.55].map((accuracy) => ({ accuracy, loss: 1 - accuracy }));
    expect(judgeEpochs(history, { ...rule, metric: 'accuracy' })).toEqual({ best: 1, stop: true });
  });

  it('counts less than minDelta as no progress, but still as the best', () => {
    const verdict = judgeEpochs(losses(1, 0.99, 0.98), { ...rule, minDelta: 0.1 });
    expect(verdict).toEqual({ best: 2, stop: true });
  });

  it('adds small steps up: progress is measured against the last progress', () => {
    const verdict = judgeEpochs(losses(1, 0.94, 0.88, 0.82), { ...rule, minDelta: 0.1 });
    expect(verdict.stop).toBe(false);
  });

  it('counts just minDelta as no progress', () => {
    const strict = { ...rule, patience: 1, minDelta: 0.5 };
    expect(judgeEpochs(losses(2, 1.5), strict).stop).toBe(true);
    expect(judgeEpochs(losses(2, 1.25), strict).stop).toBe(false);
  });

  it('begins to count anew after progress', () => {
    expect(judgeEpochs(losses(3, 4, 2, 4), rule).stop).toBe(false);
    expect(judgeEpochs(losses(3, 4, 2, 4, 4), rule).stop).toBe(true);
  });

  it('takes the first epoch where nothing is known of any', () => {
    expect(judgeEpochs([{}, {}], null)).toEqual({ best: 0, stop: false });
    expect(judgeEpochs([{}, {}], { ...rule, metric: 'accuracy' })).toEqual({ best: 0, stop: true });
  });

  it('never stops without a rule, and finds the best by loss', () => {
    expect(judgeEpochs(losses(1, 2, 3, 4, 5, 6, 7), null)).toEqual({ best: 0, stop: false });
    expect(judgeEpochs([], null)).toEqual({ best: -1, stop: false });
  });
});

describe('a start that is a candidate', () => {
  const before = { loss: 2 };

  it('is the best until an epoch is better by more than chance', () => {
    const start = (...clear: boolean[]) => ({ before, clear });
    expect(judgeEpochs(losses(1.9, 1.8), rule, start(false, false)).best).toBe(-1);
    expect(judgeEpochs(losses(1.9, 1.8), rule, start(false, true)).best).toBe(1);
    expect(judgeEpochs(losses(2.1, 2.2), rule, start(false, false))).toMatchObject({ best: -1 });
  });

  it('counts epochs that are no better than it as idle', () => {
    const start = { before, clear: [false, false] };
    expect(judgeEpochs(losses(2.1, 2.2), { ...rule, patience: 2 }, start).stop).toBe(true);
  });
});

describe('a start of which nothing is known', () => {
  it('is left for the first epoch that may be better', () => {
    const start = { before: {}, clear: [false, true, true] };
    expect(judgeEpochs(losses(3, 2, 2.5), rule, start)).toEqual({ best: 1, stop: false });
  });
});

it('the loss is watched unless another metric is', () => {
  expect(watchedMetric(null)).toBe('loss');
  expect(watchedMetric({ ...rule, metric: 'macro_f1' })).toBe('macro_f1');
});

describe('isClearlyLower', () => {
  it('knows the standard error of the mean, with n - 1 of n', () => {
    // Gains of 1 and x: a mean of (1 + x) / 2, a standard error of |1 - x| / 2, so 1/3 is the limit.
    const gains = (x: number) => isClearlyLower([1, 1 - x], [2, 1]);
    expect(gains(0.34)).toBe(true);
    expect(gains(0.33)).toBe(false);
    expect(isClearlyLower([1], [2])).toBe(true);
  });

  it('wants a gain of more than two standard errors, image by image', () => {
    const was = [1, 2, 3, 4, 1, 2, 3, 4];
    const by = (...gains: number[]) => was.map((loss, i) => loss - (gains[i % gains.length] ?? 0));
    // Means of 0.1 both; deviations of about 0 and 0.5.
    expect(isClearlyLower(by(0.1), was)).toBe(true);
    expect(isClearlyLower(by(0.6, -0.4), was)).toBe(false);
    expect(isClearlyLower(by(-0.1), was)).toBe(false);
    expect(isClearlyLower(was, was)).toBe(false);
  });

  it('wants a lower mean alone of fifty images and more', () => {
    const was = Array.from({ length: 50 }, (_, i) => 1 + (i % 4));
    const unsure = (count: number) =>
      was.slice(0, count).map((loss, i) => loss - (i % 2 ? -0.4 : 0.6));
    expect(isClearlyLower(unsure(48), was.slice(0, 48))).toBe(false);
    expect(isClearlyLower(unsure(50), was)).toBe(true);
    expect(isClearlyLower(was, was)).toBe(false);
  });

  it('takes nothing for better where images are missing', () => {
    expect(isClearlyLower([0.1], [1, 1])).toBe(false);
    expect(isClearlyLower([], [])).toBe(false);
  });
});
