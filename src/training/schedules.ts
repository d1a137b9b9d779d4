import type { RunConfig } from '../config/schema.ts';

export type ScheduleConfig = RunConfig['schedule'];

/** The position within a phase of training; all counts are of this phase alone. */
export interface SchedulePosition {
  /** Optimizer steps done; the factor asked for is that of the next one. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** The validation loss of each epoch that is over, oldest first. */
  readonly history: readonly number[];
}

/**
 * The factor of the peak learning rate at one step: a pure function of the position, so that a resumed run
 * needs no schedule state. A linear warm-up over `warmup` epochs precedes every kind but one-cycle, which has
 * its own.
 */
export function scheduleFactor(schedule: ScheduleConfig, position: SchedulePosition): number {
  if (schedule.kind === 'one-cycle') return oneCycle(position);
  const warmupSteps = Math.round(schedule.warmup * position.stepsPerEpoch);
  if (position.step < warmupSteps) return (position.step + 1) / warmupSteps;
  return afterWarmup[schedule.kind](schedule, position, warmupSteps);
}

type Rule = (schedule: ScheduleConfig, at: SchedulePosition, warmupSteps: number) => number;

const afterWarmup = {
  constant: () => 1,
  step: (schedule, at) =>
    schedule.factor ** Math.floor(Math.floor(at.step / at.stepsPerEpoch) / schedule.every),
  cosine: (schedule, at, warmupSteps) => {
    const total = at.epochs * at.stepsPerEpoch - warmupSteps;
    return anneal(1, schedule.floor, (at.step - warmupSteps) / Math.max(1, total));
  },
  plateau: (schedule, at) => schedule.factor ** plateauDrops(at.history, schedule.patience),
} satisfies Record<Exclude<ScheduleConfig['kind'], 'one-cycle'>, Rule>;

/** PyTorch's OneCycleLR defaults: up over 30 % of the steps from peak / 25, down to that / 10,000. */
const ONE_CYCLE = { rise: 0.3, startDivisor: 25, endDivisor: 1e4 } as const;

function oneCycle({ step, stepsPerEpoch, epochs }: SchedulePosition): number {
  const total = epochs * stepsPerEpoch;
  const start = 1 / ONE_CYCLE.startDivisor;
  const top = ONE_CYCLE.rise * total - 1;
  if (step <= top) return anneal(start, 1, top === 0 ? 1 : step / top);
  return anneal(1, start / ONE_CYCLE.endDivisor, (step - top) / (total - 1 - top));
}

/** A half cosine from `from` (share 0) to `to` (share 1). */
function anneal(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * Math.min(1, share)));
}

/** PyTorch's ReduceLROnPlateau counts a loss as progress when it is this much lower, relatively. */
const PLATEAU_THRESHOLD = 1e-4;

/** How often the rate has dropped: each time more than `patience` epochs in a row bring no progress. */
function plateauDrops(history: readonly number[], patience: number): number {
  let best = Number.POSITIVE_INFINITY;
  let bad = 0;
  let drops = 0;
  for (const loss of history) {
    if (loss < best * (1 - PLATEAU_THRESHOLD)) {
      best = loss;
      bad = 0;
    } else bad++;
    if (bad > patience) {
      drops++;
      bad = 0;
    }
  }
  return drops;
}
