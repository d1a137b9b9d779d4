import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';

/** A new folder a test, with the scan cache inside it; both go when the test ends. */
export function useTemporaryFolder(): () => string {
  let folder = '';
  let before: string | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vggtune-'));
    before = process.env.VGGTUNE_CACHE;
    process.env.VGGTUNE_CACHE = join(folder, 'cache');
  });
  afterEach(async () => {
    if (before === undefined) delete process.env.VGGTUNE_CACHE;
    else process.env.VGGTUNE_CACHE = before;
    await rm(folder, { recursive: true, force: true });
  });
  return () => folder;
}

/** A small picture whose content depends on `seed`: a gradient with a seeded tint. */
export function picture(seed: number, width = 24, height = 16) {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    data[i] = (i * (seed % 7) + seed * 31 + Math.floor(i / width) * 3) % 256;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Writes PNG pictures at these paths; their contents differ by the path's place in the list. */
export async function writePictures(root: string, paths: readonly string[], first = 0) {
  for (const [i, path] of paths.entries()) {
    await write(
      join(root, path),
      await picture(first + i)
        .png()
        .toBuffer(),
    );
  }
}

export async function write(path: string, content: Uint8Array | string) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** An emitter that keeps what it hears. */
export function recorder() {
  const events: RunEvent[] = [];
  const warnings = () => events.flatMap((event) => (event.type === 'warning' ? [event.code] : []));
  const messages = () =>
    events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { emit: (event: RunEvent) => void events.push(event), events, warnings, messages };
}
