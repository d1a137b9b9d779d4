import type { RunEvent } from '../../base/events.ts';

type TrainStart = Extract<RunEvent, { type: 'train-start' }>;
type Step = Extract<RunEvent, { type: 'step' }>;

/** The speed of training, and the time it still needs. */
export interface Pace {
  readonly imagesPerSecond: number;
  /** The seconds left in this phase, validation included; undefined before anything is known. */
  readonly secondsLeft: number | undefined;
}

export interface Clock {
  step(event: Step): Pace;
  epochEnds(): void;
}

/**
 * Times a phase of training.
 * @param now milliseconds of a clock that never goes back
 */
export function createClock(phase: TrainStart, now: () => number): Clock {
  let epochStart = now();
  let images = 0;
  /** The steps of this epoch before `epochStart`: a resumed run begins within an epoch. */
  let before = phase.stepsDone ?? 0;
  let epochSeconds: number | undefined;
  const elapsed = () => (now() - epochStart) / 1000;

  function step(event: Step): Pace {
    images += event.images;
    const seconds = elapsed();
    // An epoch that is behind us holds its validation; without one the steps alone must do.
    const whole = epochSeconds ?? (seconds / (event.step - before)) * event.stepsPerEpoch;
    const epochsAfter = phase.epochs - event.epoch;
    const ofThis = whole * (1 - before / event.stepsPerEpoch) - seconds;
    return {
      imagesPerSecond: seconds > 0 ? images / seconds : Number.NaN,
      secondsLeft: Math.max(0, ofThis) + whole * epochsAfter,
    };
  }

  function epochEnds(): void {
    // A part of an epoch says nothing of a whole one.
    if (before === 0) epochSeconds = elapsed();
    epochStart = now();
    images = 0;
    before = 0;
  }

  return { step, epochEnds };
}
