import type { RunEvent } from '../base/events.ts';

/** Values of metrics at one moment of a run. */
export interface Point {
  /** Steps of the optimizer since the run began, over all phases. */
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Finite numbers, by the names that trackers show. */
  readonly values: Readonly<Record<string, number>>;
}

/** The most steps of an epoch that become points. */
const STEPS_PER_EPOCH = 100;

/**
 * Turns the events of a run into points. What it gives depends on the events alone: the points of a resumed run
 * continue those that its log tells of. A step that is made again, after a run was killed, comes to the same, and gives
 * no second point.
 */
export class PointReader {
  readonly #epochs = new Map<string, { readonly before: number; readonly end: number }>();
  #total = 0;
  /** The last points. */
  readonly #last = { step: -1, epoch: -1 };

  /** The last step of the epochs that have begun. */
  get total(): number {
    return this.#total;
  }

  /** @param time of the event, in milliseconds since 1970 */
  read(event: RunEvent, time: number): Point | undefined {
    if (event.type === 'step') {
      const { step, stepsPerEpoch, loss, learningRate } = event;
      const { before } = this.#epoch(event, stepsPerEpoch);
      if (step % Math.ceil(stepsPerEpoch / STEPS_PER_EPOCH) !== 0) return undefined;
      const values = { 'step/loss': loss, 'step/learning_rate': learningRate };
      return this.#isNew('step', before + step) ? pointOf(before + step, time, values) : undefined;
    }
    if (event.type !== 'epoch') return undefined;
    const { end } = this.#epoch(event, 0);
    if (!this.#isNew('epoch', end)) return undefined;
    const { loss, accuracy, validation } = event;
    const values = { 'train/loss': loss, 'train/accuracy': accuracy };
    return pointOf(end, time, { ...values, ...named('validation', validation) });
  }

  #isNew(kind: 'step' | 'epoch', step: number): boolean {
    if (step <= this.#last[kind]) return false;
    this.#last[kind] = step;
    return true;
  }

  /** The steps before an epoch and at its end; one that is new follows those that are known. */
  #epoch({ phase, epoch }: { readonly phase: string; readonly epoch: number }, steps: number) {
    const key = `${phase} ${epoch}`;
    const known = this.#epochs.get(key);
    if (known !== undefined) return known;
    const before = this.#total;
    this.#total += steps;
    const made = { before, end: this.#total };
    this.#epochs.set(key, made);
    return made;
  }
}

/** The point of a run's final metrics. */
export function finalPoint(
  metrics: Readonly<Record<string, number>>,
  at: { readonly step: number; readonly time: number },
): Point {
  return pointOf(at.step, at.time, named('final', metrics));
}

function named(group: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]),
  );
}

/** Neither JSON nor every tracker knows numbers that are not finite. */
function pointOf(step: number, time: number, values: Readonly<Record<string, number>>): Point {
  const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return { step, time, values: Object.fromEntries(finite) };
}
