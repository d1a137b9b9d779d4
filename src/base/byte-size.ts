const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** The form that `parseSize` accepts, for error messages. */
export const SIZE_FORM = 'a size such as 500MB, 20GB or 1.5TB, or none';

/** Bytes of `500MB` or `1.5 GB`; Infinity of `none`; undefined of anything else. */
export function parseSize(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'none') return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)$/.exec(word);
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
