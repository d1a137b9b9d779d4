import { systemCode, usageError } from '../base/errors.ts';
import { readPlainFile } from '../base/plain-file.ts';

/** The mark of each page, by which it is known to be replaceable. */
export const GENERATOR = 'vggtune report';

/** The largest page that is read; every one that vggtune writes is smaller. */
const MOST_BYTES = 2 ** 26;

/**
 * @param flag the flag that names the page
 * @throws VggtuneError (usage) where a page would replace a file that vggtune has not made
 */
export async function refuseForeignPage(path: string, flag = '--out'): Promise<void> {
  if (await isFreeOrOurs(path)) return;
  throw usageError(`${path} is there already, and vggtune has not made it`, {
    expected: 'a name that is free, or an earlier page of vggtune',
    found: 'a file that the page would replace',
    where: path,
    fix: `choose another name with ${flag}, or move the file away`,
  });
}

async function isFreeOrOurs(path: string): Promise<boolean> {
  try {
    const bytes = await readPlainFile(path, { most: MOST_BYTES, what: 'a report' });
    return bytes.subarray(0, 2000).includes(`content="${GENERATOR}"`);
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
  }
}
