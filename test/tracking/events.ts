import type { RunEvent } from '../../src/base/events.ts';

type Step = Extract<RunEvent, { type: 'step' }>;
type Epoch = Extract<RunEvent, { type: 'epoch' }>;

export const step = (epoch: number, at: number, more: Partial<Step> = {}): Step => ({
  ...{ type: 'step', phase: 'main', epoch, step: at, stepsPerEpoch: 4 },
  ...{ loss: 1 / (epoch + at), accuracy: 0.5, learningRate: 0.01, images: 8, ...more },
});

export const epochEnd = (epoch: number, more: Partial<Epoch> = {}): Epoch => ({
  ...{ type: 'epoch', phase: 'main', epoch, epochs: 2, loss: 1 / epoch, accuracy: 0.5 },
  ...{ validation: { loss: 0.5, accuracy: 0.75 }, best: true, seconds: 1, ...more },
});

/** The steps of an epoch, and its end. */
export const wholeEpoch = (epoch: number): RunEvent[] => [
  ...[1, 2, 3, 4].map((at) => step(epoch, at)),
  epochEnd(epoch),
];
