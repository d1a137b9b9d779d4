import { parseSize, SIZE_FORM } from './byte-size.ts';
import { usageError } from './errors.ts';
import type { Storage } from './storage.ts';

/** The default limit on the size of the cached activations. */
export const DEFAULT_LIMIT = '20GB';

/**
 * The most bytes that cached activations may take together.
 * @throws VggtuneError (usage) when the limit is no size
 */
export function cacheLimit({ limit = '' }: Pick<Storage, 'limit'>): number {
  return parseLimit(limit === '' ? DEFAULT_LIMIT : limit, 'VGGTUNE_CACHE_LIMIT');
}

/**
 * Bytes of a size such as `5GB`.
 * @param where where the text was given, for the error
 * @throws VggtuneError (usage) when the text is no size
 */
export function parseLimit(text: string, where: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw usageError(`${where} is not a possible value`, { expected: SIZE_FORM, found: text, where });
}
