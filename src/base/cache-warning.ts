import type { Emit } from './events.ts';

/** What is said where something could not be kept in the cache folder. */
const CODES: readonly string[] = ['scan-not-remembered', 'groups-not-remembered', 'cache-full'];

/**
 * Passes the first warning of a cache that cannot be written, and no further one: everything works without a
 * cache, so a folder that is read-only is worth one line, and not one for each thing that would be in it.
 */
export function cacheWarningOnce(emit: Emit): Emit {
  let told = false;
  return (event) => {
    if (event.type === 'warning' && CODES.includes(event.code)) {
      if (told) return;
      told = true;
    }
    emit(event);
  };
}
