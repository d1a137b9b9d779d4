import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { writeFailure, writeFileAtomic } from '../base/atomic-file.ts';
import type { Picture } from './decode.ts';

/** Writes a picture as PNG, whole or not at all. @throws VggtuneError (data) when it cannot be written */
export async function writePng(path: string, { pixels, width, height }: Picture): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw writeFailure(path, error);
  });
  await writeFileAtomic(
    path,
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}
