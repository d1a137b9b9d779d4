import { describe, expect, it } from 'vitest';
import { judgeEpochs } from '../../src/training/early-stop.ts';

const losses = (...values: number[]) => values.map((loss) => ({ loss }));
const rule = { metric: 'loss', patience: 2, minDelta: 0 } as const;

describe('judgeEpochs', () => {
  it('takes the lowest loss and stops after `patience` epochs without progress', () => {
    expect(judgeEpochs(losses(3, 2, 2.5), rule)).toEqual({ best: 1, stop: false });
    expect(judgeEpochs(losses(3, 2, 2.5, 2), rule)).toEqual({ best: 1, stop: true });
    expect(judgeEpochs(losses(3, 2, 2.5, 1.9), rule)).toEqual({ best: 3, stop: false });
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

  it('never stops without a rule, and finds the best by loss', () => {
    expect(judgeEpochs(losses(1, 2, 3, 4, 5, 6, 7), null)).toEqual({ best: 0, stop: false });
    expect(judgeEpochs([], null)).toEqual({ best: -1, stop: false });
  });
});
