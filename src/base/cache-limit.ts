import { usageError } from './errors.ts';
import { parseSize, SIZE_FORM } from './size.ts';

/** What cached activations may take where nothing else is said. */
export const DEFAULT_LIMIT = '20GB';

/**
 * The most bytes that cached activations may take together; `VGGTUNE_CACHE_LIMIT` says so.
 * @throws VggtuneError (usage) when it is no size
 */
export function cacheLimit(environment: NodeJS.ProcessEnv = process.env): number {
  const own = environment.VGGTUNE_CACHE_LIMIT ?? '';
  return sizeOf(own === '' ? DEFAULT_LIMIT : own, 'VGGTUNE_CACHE_LIMIT');
}

/** @throws VggtuneError (usage) when the text is no size */
export function sizeOf(text: string, where: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw usageError(`${where} is not a possible value`, { expected: SIZE_FORM, found: text, where });
}
