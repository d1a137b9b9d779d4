import type { z } from 'zod';

/**
 * What a schema says of a value that anyone may have written. zod reads the `length` of whatever has one before it
 * looks at what it is, and throws a TypeError where that is an object that is no number; without such lengths the value is
 * of the wrong form all the same, and zod says where.
 */
export function checkForm<T extends z.ZodType>(schema: T, value: unknown) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return schema.safeParse(withoutLengths(value));
  }
}

function withoutLengths(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLengths);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => key !== 'length' || typeof inner !== 'object')
      .map(([key, inner]) => [key, withoutLengths(inner)]),
  );
}
