import type { z } from 'zod';

/**
 * Validates an untrusted value with a schema. zod reads `length` before it checks the type, and throws a
 * TypeError where that is an object that is not a number. Such lengths are removed first; the value still has
 * the wrong form, and zod reports where.
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
