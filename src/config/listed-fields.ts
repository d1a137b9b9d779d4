import { readFile } from 'node:fs/promises';
import type { Field } from './fields.ts';

/** Where the build writes the list: beside this file. */
export const FIELDS_FILE = new URL('fields.json', import.meta.url);

/**
 * The keys of the schema for help, which must be there at once: the list that the build has written is read in a fraction of
 * the time in which the schema is loaded.
 */
export async function listedFields(): Promise<readonly Field[]> {
  const text = await readFile(FIELDS_FILE, 'utf8').catch(() => undefined);
  if (text === undefined) return (await import('./fields.ts')).CONFIG_FIELDS;
  return JSON.parse(text) as readonly Field[];
}
