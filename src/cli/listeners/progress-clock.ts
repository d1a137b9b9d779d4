import type { RunEvent } from '../../base/events.ts';
import { type Clock, createClock } from './clock.ts';

interface Task {
  readonly name: string;
  readonly began: number;
  /** What was done when the task was first heard of. */
  readonly from: number;
  done: number;
}

/**
 * Estimates how long the work that an event is about still takes: of training by its epochs, of a countable task by
 * its pace so far.
 * @param now milliseconds of a clock that never goes back
 * @returns for each event the seconds left; undefined where nothing is known
 */
export function createProgressClock(now: () => number): (event: RunEvent) => number | undefined {
  let training: Clock | undefined;
  let task: Task | undefined;
  return (event) => {
    if (event.type === 'train-start') training = createClock(event, now);
    if (event.type === 'epoch') training?.epochEnds();
    if (event.type === 'step') return training?.step(event).secondsLeft;
    if (event.type !== 'progress') return undefined;
    if (task === undefined || task.name !== event.task || event.done < task.done) {
      task = { name: event.task, began: now(), from: event.done, done: event.done };
    }
    task.done = event.done;
    const seconds = (now() - task.began) / 1000;
    const gained = event.done - task.from;
    return gained > 0 ? (seconds / gained) * (event.total - event.done) : undefined;
  };
}
