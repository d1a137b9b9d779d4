import type { ConfigIssue } from '../config/issues.ts';
import type { Arguments } from './command.ts';

/** The whole number of at least 1 that a flag gives, or what stands in for it without the flag. */
export function wholeNumber<Fallback extends number | undefined>(
  args: Arguments,
  name: string,
  fallback: Fallback,
): { readonly value: number | Fallback } | { readonly issue: ConfigIssue } {
  const text = args.text(name);
  if (text === undefined) return { value: fallback };
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return { value };
  const expected = 'a whole number of at least 1';
  const where = `--${name}`;
  return { issue: { path: '', where, message: 'not a possible value', expected, found: text } };
}
