import { appendFileSync } from 'node:fs';
import type { Emit } from '../base/events.ts';
import { FORMAT_VERSION } from './record.ts';

export interface EventLog {
  readonly listen: Emit;
  /** From now on events go to this file, those that came before too. */
  open(path: string): void;
  flush(): void;
}

/** Events of these kinds come often; they wait for the next other one. */
const FREQUENT = new Set(['step', 'progress']);
const MOST_WAITING = 200;

/**
 * Appends events to `events.ndjson`, one JSON object a line with its time; the first line says the
 * format version. A log that cannot be written never ends the run that it is about.
 */
export function createEventLog(): EventLog {
  let waiting: string[] = [line({ type: 'log', version: FORMAT_VERSION })];
  let path: string | undefined;

  function flush(): void {
    if (path === undefined || waiting.length === 0) return;
    try {
      appendFileSync(path, waiting.join(''));
    } catch {
      // A disk that is full ends the run at the next checkpoint, with an error that says so.
    }
    waiting = [];
  }

  function listen(event: Parameters<Emit>[0]): void {
    waiting.push(line(event));
    if (!FREQUENT.has(event.type) || waiting.length >= MOST_WAITING) flush();
  }

  return {
    listen,
    flush,
    open(file) {
      path = file;
      flush();
    },
  };
}

function line(event: object): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`;
}
