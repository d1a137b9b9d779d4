import type { Emit, RunEvent } from '../../base/events.ts';
import { duration } from '../number-formats.ts';
import type { Terminal } from '../terminal.ts';
import { createProgressClock } from './progress-clock.ts';
import { amount, createSkipSentences, sentence, TASK_NAMES } from './sentences.ts';

const SECONDS_BETWEEN = 30;

/**
 * Writes plain lines for a log: one for each stage and each epoch. Nothing is overwritten, and only where nothing was
 * said for half a minute a line tells how far the work is, and how long it still takes.
 */
export function createLines(terminal: Terminal, now: () => number = () => performance.now()): Emit {
  const skipped = createSkipSentences();
  const clock = createProgressClock(now);
  let last = now();
  return (event) => {
    const left = clock(event);
    const isTime = now() - last >= SECONDS_BETWEEN * 1000;
    const line =
      sentence(event, terminal.paintError) ??
      skipped(event) ??
      (isTime ? howFar(event, left) : undefined);
    if (line === undefined) return;
    last = now();
    terminal.note(line);
  };
}

function howFar(event: RunEvent, secondsLeft: number | undefined): string | undefined {
  const left = secondsLeft === undefined ? '' : `, ${duration(secondsLeft)} left`;
  if (event.type === 'progress') {
    if (event.done >= event.total) return undefined;
    return `${TASK_NAMES[event.task]}: ${amount(event)}, ${share(event.done, event.total)}${left}`;
  }
  if (event.type !== 'step' || event.step === event.stepsPerEpoch) return undefined;
  return `epoch ${event.epoch}: ${share(event.step, event.stepsPerEpoch)}${left}`;
}

const share = (done: number, total: number) => `${Math.floor((100 * done) / total)} %`;
