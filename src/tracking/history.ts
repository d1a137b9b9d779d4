import type { RunEvent } from '../base/events.ts';
import { eventLines, type LooseEvent } from '../run/event-lines.ts';
import { type Point, PointReader } from './points.ts';

/** What a run's log tells of it, and the reader that goes on from there. */
export interface History {
  readonly points: readonly Point[];
  readonly reader: PointReader;
}

/** Reads the points of a run from its `events.ndjson`; none where there is no log that can be read. */
export async function readHistory(path: string): Promise<History> {
  const reader = new PointReader();
  const points: Point[] = [];
  try {
    for await (const line of eventLines(path)) {
      const event = pointEvent(line);
      const time = Date.parse(String(line.time));
      if (event === undefined || Number.isNaN(time)) continue;
      const point = reader.read(event, time);
      if (point !== undefined) points.push(point);
    }
  } catch {
    // What cannot be read is no reason to lose a run.
  }
  return { points, reader };
}

/** A line as an event that gives a point, if it has all that such an event has. */
function pointEvent(line: LooseEvent): RunEvent | undefined {
  const { type, phase, epoch, loss, accuracy } = line;
  const isWhole = typeof phase === 'string' && [epoch, loss, accuracy].every(isNumber);
  if (!isWhole) return undefined;
  const { step, stepsPerEpoch, learningRate, validation } = line;
  if (type === 'step' && [step, stepsPerEpoch, learningRate].every(isNumber))
    return line as RunEvent;
  return type === 'epoch' && isNumbers(validation) ? (line as RunEvent) : undefined;
}

const isNumber = (value: unknown) => typeof value === 'number';

const isNumbers = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.values(value).every(isNumber);
