import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The names of unfinished files and folders: see `atomic-file.ts`, `fresh-folder.ts` and `lock-file.ts`. */
const TEMPORARY = /\.[0-9a-f]{12}\.tmp$|^lock\.[0-9a-f]{12}$/;

/**
 * Removes the unfinished files that a killed process left in a folder. Only the holder of the folder's lock
 * may call this, since another process may be writing otherwise.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => TEMPORARY.test(one))) {
    // What cannot be removed takes room, and no more.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
