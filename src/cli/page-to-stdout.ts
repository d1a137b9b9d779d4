import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usageError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import type { Arguments } from './command.ts';

/**
 * A page as a text for stdout, by way of a file that is gone when the command ends.
 * @param flag the flag whose value is `-`, with its dashes
 * @param write writes the page to a path
 * @throws VggtuneError (usage) beside a flag that wants the page in a file
 */
export async function pageToStdout<Made>(
  args: Arguments,
  flag: string,
  write: (path: string) => Promise<Made>,
): Promise<{ readonly made: Made; readonly text: string }> {
  const other = ['json', 'open'].find((name) => args.flag(name));
  if (other !== undefined) {
    const fix = `leave out --${other}, or name a file`;
    throw usageError(`${flag} - prints the page on stdout, and --${other} wants it in a file`, {
      where: flag,
      fix,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-page-'));
  try {
    const path = join(folder, 'page.html');
    const made = await write(path);
    return { made, text: (await readFile(path, 'utf8')).trimEnd() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Events but those about files: these would name one that is gone when the command ends. */
export const withoutFiles =
  (emit: Emit): Emit =>
  (event) =>
    event.type === 'file' ? undefined : emit(event);
