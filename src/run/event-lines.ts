import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { plainFile } from '../base/plain-file.ts';

/** An event as it stands in a file that anyone may have written: none of its values is checked. */
export type LooseEvent = Readonly<Record<string, unknown>>;

/**
 * Reads the events of `events.ndjson`, line after line, without those of progress, which are most of the lines. A line
 * that is damaged is left out: the last one of a run that was killed can be.
 * @throws the system's error where there is no file; VggtuneError (data) for what is no plain file
 */
export async function* eventLines(path: string): AsyncGenerator<LooseEvent> {
  await plainFile(path, 'the events of a run');
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  for await (const line of lines) {
    if (line.includes('"type":"progress"')) continue;
    const event = parsed(line);
    if (event !== undefined) yield event;
  }
}

function parsed(line: string): LooseEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as LooseEvent) : undefined;
  } catch {
    return undefined;
  }
}
