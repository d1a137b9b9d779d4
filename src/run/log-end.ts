import { open } from 'node:fs/promises';
import { plainFile } from '../base/plain-file.ts';

/** More bytes than any event that ends a run has. */
const TAIL = 4096;

/** Whether the last event of a run's log says that the run is complete. Without a log it is not. */
export async function isComplete(events: string): Promise<boolean> {
  const text = await tailOf(events).catch(() => '');
  return tellsItsEnd(text);
}

/** @param text of `events.ndjson`, or the end of it */
export function tellsItsEnd(text: string): boolean {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    const event = JSON.parse(last) as { type?: unknown; stage?: unknown };
    return event.type === 'stage' && event.stage === 'done';
  } catch {
    return false;
  }
}

async function tailOf(path: string): Promise<string> {
  const { size } = await plainFile(path, 'the log of a run');
  const file = await open(path, 'r');
  try {
    const length = Math.min(size, TAIL);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
