import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { usageError } from '../../src/base/errors.ts';
import { explainMachine, unlessMachineFails } from '../../src/base/machine-failure.ts';

const systemError = (code: string) =>
  Object.assign(new Error(`${code}: refused, open '/x/y'`), {
    code,
    syscall: 'open',
    path: '/x/y',
  });

it.each([
  'EIO',
  'EMFILE',
  'ENOMEM',
  'ENOSPC',
  'EACCES',
  'EROFS',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
])('%s from wherever it comes is the machine’s', (code) => {
  expect(explainMachine(systemError(code))).toMatchObject({
    kind: 'data',
    message: 'the system refuses to open /x/y',
    details: { where: '/x/y', found: expect.stringContaining(code), fix: expect.any(String) },
  });
});

it('anything else comes back as it was', async () => {
  const missing = await readFile(`${tmpdir()}/no such file`).catch((error: unknown) => error);
  const others = [new TypeError('x'), usageError('x'), missing, 'text', undefined];
  expect(others.map(explainMachine)).toEqual(others);
});

it('what is not there has a value; a machine that fails says nothing of whether it is', () => {
  for (const code of ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])
    expect(unlessMachineFails('none')(systemError(code))).toBe('none');
  expect(unlessMachineFails('none')(usageError('another kind of file'))).toBe('none');
  for (const code of ['EIO', 'EMFILE', 'EACCES']) {
    expect(() => unlessMachineFails('none')(systemError(code))).toThrow('the system refuses');
  }
});
