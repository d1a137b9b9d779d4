import type { Emit, RunEvent } from '../../base/events.ts';
import type { Terminal } from '../terminal.ts';
import { amount, createSkipSentences, sentence, TASK_NAMES } from './sentences.ts';

const SECONDS_BETWEEN = 10;

/**
 * Writes plain lines for a log: nothing is overwritten, and long tasks report their progress from time to
 * time.
 */
export function createLines(terminal: Terminal, now: () => number = () => performance.now()): Emit {
  const skipped = createSkipSentences();
  let last = now();
  const isTime = () => {
    if (now() - last < SECONDS_BETWEEN * 1000) return false;
    last = now();
    return true;
  };
  return (event) => {
    const line = sentence(event, terminal.paintError) ?? skipped(event) ?? howFar(event, isTime);
    if (line !== undefined) terminal.note(line);
  };
}

function howFar(event: RunEvent, isTime: () => boolean): string | undefined {
  if (event.type === 'progress') {
    const ends = event.done === event.total;
    if (ends || !isTime()) return undefined;
    return `${TASK_NAMES[event.task]}: ${amount(event)}`;
  }
  if (event.type !== 'step' || event.step === event.stepsPerEpoch || !isTime()) return undefined;
  return `epoch ${event.epoch}: step ${event.step} of ${event.stepsPerEpoch}`;
}
