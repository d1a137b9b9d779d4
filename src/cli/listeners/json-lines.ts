import type { Emit, RunEvent } from '../../base/events.ts';
import type { Terminal } from '../terminal.ts';
import { createProgressClock } from './progress-clock.ts';

const SECONDS_BETWEEN = 30;

/**
 * Writes events for programs that read logs: one JSON object a line, in the form of `events.ndjson`. Steps and counts
 * come too often; where half a minute has passed without a line, one is written with the time left.
 */
export function createJsonLines(
  terminal: Pick<Terminal, 'record'>,
  now: () => number = () => performance.now(),
): Emit {
  const clock = createProgressClock(now);
  let last = now();
  return (event) => {
    const secondsLeft = clock(event);
    const isTime = now() - last >= SECONDS_BETWEEN * 1000;
    if (isFrequent(event) && !isTime) return;
    last = now();
    terminal.record(
      isFrequent(event) && secondsLeft !== undefined
        ? { ...event, secondsLeft: Math.round(secondsLeft) }
        : event,
    );
  };
}

const isFrequent = ({ type }: RunEvent) => type === 'step' || type === 'progress';
