import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRng } from '../../src/base/rng.ts';

export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'vggtune-test-'));

/** Classes that a small network tells apart in seconds: a square of a colour on noise. */
const COLOURS = { blue: [40, 60, 220], green: [40, 200, 60], red: [220, 50, 40] } as const;

/** A folder of PNG pictures, so many of each class. */
export async function pictureFolder(perClass: number, root?: string): Promise<string> {
  const folder = root ?? join(await temporaryFolder(), 'pictures');
  for (const [name, colour] of Object.entries(COLOURS)) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      await picture(join(folder, name, `${i}.png`), { colour, seed: `${name} ${i}` });
    }
  }
  return folder;
}

export async function picture(
  path: string,
  { colour, seed }: { colour: readonly number[]; seed: string },
): Promise<void> {
  const side = 48;
  const rng = createRng('picture', seed);
  const [left, top] = [rng.integer(20), rng.integer(20)];
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % side;
    const y = Math.floor(i / 3 / side);
    const inside = x >= left && x < left + 28 && y >= top && y < top + 28;
    return Math.min(255, (inside ? (colour[i % 3] ?? 0) : 100) + rng.integer(40));
  });
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(path);
}
