import { describe, expect, it } from 'vitest';
import { renameFile } from '../../src/base/rename.ts';

/** A rename that is refused so many times. */
function refusing(times: number, code: string) {
  let tries = 0;
  const move = async () => {
    if (++tries <= times) throw Object.assign(new Error(`${code}: refused`), { code });
  };
  return { move, tries: () => tries };
}

describe('a file that a virus scanner has open', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('is renamed once it lets go (%s)', async (code) => {
    const { move, tries } = refusing(3, code);
    await renameFile('a', 'b', { platform: 'win32', move });
    expect(tries()).toBe(4);
  });

  it('that is never let go ends with the error of the system', async () => {
    const { move, tries } = refusing(100, 'EBUSY');
    const work = renameFile('a', 'b', { platform: 'win32', move, pauses: [1, 1] });
    await expect(work).rejects.toMatchObject({ code: 'EBUSY' });
    expect(tries()).toBe(3);
  });
});

it.each([
  ['win32', 'ENOSPC'],
  ['linux', 'EPERM'],
] as const)('on %s %s is for good', async (platform, code) => {
  const { move, tries } = refusing(1, code);
  await expect(renameFile('a', 'b', { platform, move })).rejects.toMatchObject({ code });
  expect(tries()).toBe(1);
});
