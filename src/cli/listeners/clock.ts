import type { RunEvent } from '../../base/events.ts';

type TrainStart = Extract<RunEvent, { type: 'train-start' }>;
type Step = Extract<RunEvent, { type: 'step' }>;

/** How fast training goes and how long it still takes. */
export interface Pace {
  readonly imagesPerSecond: number;
  /** Of this phase, validation included; undefined before anything is known. */
  readonly secondsLeft: number | undefined;
}

export interface Clock {
  step(event: Step): Pace;
  epochEnds(): void;
}

/**
 * Measures a phase of training.
 * @param now milliseconds of a clock that never goes back
 */
export function createClock(phase: TrainStart, now: () => number): Clock {
  let epochStart = now();
  let images = 0;
  /** Steps of this epoch that were made before `epochStart`: a resumed run begins in the middle. */
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
