import { readPlainFile } from '../base/plain-file.ts';

/** A log of a million steps has some hundred bytes of each. */
const MOST_BYTES = 2 ** 28;

/** Whether the last event of the run says that it is done. */
export async function hasEnded(events: string): Promise<boolean> {
  const what = { most: MOST_BYTES, what: 'the log of a run' };
  const text = await readPlainFile(events, what).then(String, () => '');
  return tellsItsEnd(text);
}

/** @param text of `events.ndjson` */
export function tellsItsEnd(text: string): boolean {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    const event = JSON.parse(last) as { type?: unknown; stage?: unknown };
    return event.type === 'stage' && event.stage === 'done';
  } catch {
    return false;
  }
}
