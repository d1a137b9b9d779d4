import { usageError } from '../base/errors.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { Arguments } from './command.ts';

const EXPECTED = 'a whole number of at least 1';

function countIn(text: string): number | undefined {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 ? count : undefined;
}

/** The value of a flag that counts something. @throws VggtuneError (usage) unless it is a whole number from 1 */
export function wholeNumber(flag: string, text: string): number {
  const count = countIn(text);
  if (count !== undefined) return count;
  throw usageError(`${flag} is not a possible value`, {
    expected: EXPECTED,
    found: text,
    where: flag,
  });
}

/** The same as a value or an issue, where several things may be wrong at once; `fallback` without the flag. */
export function readWholeNumber<Fallback extends number | undefined>(
  args: Arguments,
  name: string,
  fallback: Fallback,
): { readonly value: number | Fallback } | { readonly issue: ConfigIssue } {
  const text = args.text(name);
  if (text === undefined) return { value: fallback };
  const value = countIn(text);
  if (value !== undefined) return { value };
  const where = `--${name}`;
  const message = 'not a possible value';
  return { issue: { path: '', where, message, expected: EXPECTED, found: text } };
}
