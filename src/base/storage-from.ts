import { cacheFolder } from './cache-folder.ts';
import type { Storage } from './storage.ts';

/**
 * The storage that environment variables and flags name.
 * @param folder the value of `--cache`, which is stronger than VGGTUNE_CACHE
 */
export function storageFrom(environment: NodeJS.ProcessEnv, folder?: string): Storage {
  const { VGGTUNE_CACHE_LIMIT: limit, VGGTUNE_MIRROR: mirror } = environment;
  return {
    // Many commands need no cache, and then no home folder either.
    get folder() {
      return folder ?? cacheFolder(environment);
    },
    ...(limit !== undefined && { limit }),
    ...(mirror !== undefined && { mirror }),
  };
}
