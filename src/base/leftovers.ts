import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** How files and folders are called until they are whole: see `atomic-file.ts`, `fresh-folder.ts` and `lock-file.ts`. */
const TEMPORARY = /\.[0-9a-f]{12}\.tmp$|^lock\.[0-9a-f]{12}$/;

/**
 * Removes what a process that was killed had begun to write into a folder. Only who holds the lock of the
 * folder may do so: another process may be writing otherwise.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => TEMPORARY.test(one))) {
    // What cannot be removed takes room, and no more.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
