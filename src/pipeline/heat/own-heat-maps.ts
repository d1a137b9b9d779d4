import { systemCode, usageError } from '../../base/errors.ts';
import { readPlainFile } from '../../base/plain-file.ts';
import { MAKER } from '../../dataset/write-image.ts';

/** The largest heat map that is read; every one that vggtune writes is smaller. */
const MOST_BYTES = 2 ** 26;

/** @throws VggtuneError (usage) where a heat map would replace a file that vggtune has not made */
export async function refuseForeignPictures(paths: Iterable<string>): Promise<void> {
  for (const path of paths) {
    if (await isFreeOrOurs(path)) continue;
    throw usageError(`${path} is there already, and vggtune has not made it`, {
      expected: 'a name that is free, or an earlier heat map',
      found: 'a file that the heat map would replace',
      where: path,
      fix: 'choose another folder with --heat-maps, or move the file away',
    });
  }
}

async function isFreeOrOurs(path: string): Promise<boolean> {
  try {
    const bytes = await readPlainFile(path, { most: MOST_BYTES, what: 'a heat map' });
    return bytes.includes(MAKER);
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
  }
}
