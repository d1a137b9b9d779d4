import { sep } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { messageOf } from './errors.ts';
import type { Emit, RunEvent } from './events.ts';

type Warning = Extract<RunEvent, { type: 'warning' }>;

/** Cache folders of which this process has said that they cannot be written. */
const told = new Set<string>();

/**
 * Says that something could not be kept in the cache folder. Everything works without one, so a folder that is
 * read-only, or full, is worth one line and not one for each thing that would be in it.
 */
export function warnOfCache(emit: Emit | undefined, warning: Warning): void {
  const folder = cacheFolder();
  if (told.has(folder)) return;
  told.add(folder);
  emit?.(warning);
}

/** What the system said, below our own words for it. */
export const systemWords = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);

/** Whether a path is in the cache folder. */
export const isInCache = (path: string): boolean => path.startsWith(`${cacheFolder()}${sep}`);
