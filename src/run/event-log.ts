import { closeSync, constants, fstatSync, openSync, writeFileSync } from 'node:fs';
import type { Emit } from '../base/events.ts';
import { FORMAT_VERSION } from './record.ts';

export interface EventLog {
  readonly listen: Emit;
  /** Writes all further events to this file, and those that came before. */
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
      append(path, waiting.join(''));
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

/**
 * Appends to a plain file, never through a link: a run folder of somebody else may have a link in the
 * log's place, to a file that is not theirs to write.
 */
function append(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  // Windows has neither of these, and lets no common user make links.
  const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | careful, 0o666);
  try {
    if (fstatSync(file).isFile()) writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

function line(event: object): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`;
}
