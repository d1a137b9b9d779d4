import { dirname } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { makeFolder } from '../base/folders.ts';
import type { Picture } from './resample.ts';
import { sharp } from './sharp.ts';

/** The mark in the EXIF data of each image, by which it is known to be replaceable. */
export const MAKER = 'made by vggtune';

/** Writes a picture as PNG, whole or not at all. @throws VggtuneError (data) when it cannot be written */
export async function writePng(path: string, { pixels, width, height }: Picture): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomic(
    path,
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .withExif({ IFD0: { Software: MAKER } })
      .png()
      .toBuffer(),
  );
}
