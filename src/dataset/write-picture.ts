import { dirname } from 'node:path';
import sharp from 'sharp';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { makeFolder } from '../base/folders.ts';
import type { Picture } from './resample.ts';

/** Writes a picture as PNG, whole or not at all. @throws VggtuneError (data) when it cannot be written */
export async function writePng(path: string, { pixels, width, height }: Picture): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomic(
    path,
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}
