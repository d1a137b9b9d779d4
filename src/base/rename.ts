import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from './errors.ts';

/** The errors that Windows gives while another process, such as a virus scanner, has a file open. */
const TRANSIENT: readonly string[] = ['EPERM', 'EACCES', 'EBUSY'];

/** Milliseconds between the tries, 3 s in all. */
const PAUSES: readonly number[] = [10, 20, 40, 80, 150, 300, 600, 800, 1000];

/**
 * Renames a file or a folder. On Windows a refusal may pass in a moment, so it is tried again there;
 * on other systems it is for good.
 * @throws the system's error of the last try
 */
export async function renameFile(
  from: string,
  to: string,
  { platform = process.platform, move = rename, pauses = PAUSES }: RenameOptions = {},
): Promise<void> {
  for (const pause of platform === 'win32' ? pauses : []) {
    try {
      return await move(from, to);
    } catch (error) {
      if (!TRANSIENT.includes(systemCode(error) ?? '')) throw error;
      await sleep(pause);
    }
  }
  await move(from, to);
}

/** For tests of another system. */
export interface RenameOptions {
  readonly platform?: NodeJS.Platform;
  readonly move?: typeof rename;
  readonly pauses?: readonly number[];
}
