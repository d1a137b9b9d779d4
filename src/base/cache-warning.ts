import type { Emit } from './events.ts';

/** The codes of warnings that something could not be written to the cache folder. */
const CODES: readonly string[] = ['scan-not-remembered', 'groups-not-remembered', 'cache-full'];

/**
 * Forwards the first warning that the cache cannot be written, and drops the rest. Everything works without a
 * cache, so a read-only folder deserves one line, and not one for each file.
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
