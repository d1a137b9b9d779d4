import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT_CODES } from '../../src/base/errors.ts';

interface Rule {
  readonly action: string;
  readonly onExitCodes?: { readonly values: readonly number[] };
}

it('docs/examples/kubernetes.yaml fails a Job by the exit codes that nothing changes by trying again', async () => {
  const text = await readFile('docs/examples/kubernetes.yaml', 'utf8');
  const { spec } = parse(text) as { spec: { podFailurePolicy: { rules: readonly Rule[] } } };
  const codesOf = (action: string) =>
    spec.podFailurePolicy.rules.find((rule) => rule.action === action)?.onExitCodes?.values;
  const { usage, data, unavailable, gate } = EXIT_CODES;
  expect(codesOf('FailJob')).toEqual([usage, data, unavailable]);
  expect(codesOf('FailIndex')).toEqual([gate]);
});
