import { usageError } from '../base/errors.ts';

/** The value of a flag that counts something. @throws VggtuneError (usage) unless it is a whole number from 1 */
export function wholeNumber(flag: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw usageError(`${flag} is not a possible value`, {
    expected: 'a whole number of at least 1',
    found: text,
    where: flag,
  });
}
