import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkForm } from '../../src/base/check-form.ts';
import { runConfigSchema } from '../../src/config/schema.ts';

describe('checkForm', () => {
  const hostile = { length: { toString: 4 } };

  it('names the place of an object whose length is no number, where zod throws', () => {
    const schema = z.strictObject({ data: z.string().min(1), labels: z.array(z.string()).min(1) });
    expect(() => schema.safeParse({ data: hostile, labels: ['a'] })).toThrow(TypeError);
    const found = checkForm(schema, { data: hostile, labels: [hostile] });
    expect(found.error?.issues.map(({ path }) => path.join('.'))).toEqual(['data', 'labels.0']);
  });

  it('does so for a whole config', () => {
    const paths = checkForm(runConfigSchema, { data: hostile }).error?.issues.map(
      ({ path }) => path[0],
    );
    expect(paths).toContain('data');
  });

  it('leaves other values, and other faults, to the schema', () => {
    expect(checkForm(z.object({ length: z.number() }), { length: 3 }).data).toEqual({ length: 3 });
    const broken = z.string().refine(() => {
      throw new RangeError('a bug');
    });
    expect(() => checkForm(broken, 'x')).toThrow(RangeError);
  });
});
