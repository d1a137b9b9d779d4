import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const CLASSES = { blue: [40, 60, 220], green: [40, 200, 60], red: [220, 50, 40] };
const PER_CLASS = 5;
const SIDE = 32;

/** Small pictures of three classes: a bar of a colour on noise. */
export async function makePictures(folder) {
  for (const [name, colour] of Object.entries(CLASSES)) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < PER_CLASS; i++) {
      const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => {
        const x = Math.floor(at / 3) % SIDE;
        const noise = (Math.imul(at + 1, 2654435761) ^ Math.imul(i + 1, 40503)) >>> 27;
        return (x > 4 + 4 * i ? colour[at % 3] : 90) + noise;
      });
      const raw = { width: SIDE, height: SIDE, channels: 3 };
      await sharp(pixels, { raw })
        .png()
        .toFile(join(folder, name, `${i}.png`));
    }
  }
}

export const hashOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every file below a folder, by its path in it. */
export function filesBelow(folder, prefix = '') {
  if (!existsSync(join(folder, prefix))) return [];
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(folder, name) : [name];
  });
}

/** The hash of each file: what was there before a fault has to be there after it. */
export function manifest(world) {
  return Object.fromEntries(
    filesBelow(world)
      .filter((name) => !/^(cache|tmp)\//.test(name))
      .map((name) => [name, hashOf(join(world, name))]),
  );
}

/** Files of a manifest that are gone or changed. */
export function missing(world, before) {
  return Object.entries(before).flatMap(([name, hash]) => {
    const path = join(world, name);
    if (!existsSync(path)) return isAside(world, name, hash) ? [] : [`${name} is gone`];
    return hashOf(path) === hash ? [] : [`${name} has changed`];
  });
}

/** Between two renames an export that is replaced stands beside its place; the next command puts it back. */
function isAside(world, name, hash) {
  const [top, ...rest] = name.split('/');
  const asides = readdirSync(world).filter((one) => one.startsWith(`${top}.old.`));
  const paths = asides.map((one) => join(world, one, ...rest));
  return paths.some((path) => existsSync(path) && hashOf(path) === hash);
}

/** What a person has beside a run. */
export function addBelongings(world) {
  mkdirSync(join(world, 'mine'), { recursive: true });
  mkdirSync(join(world, 'tmp'), { recursive: true });
  writeFileSync(join(world, 'mine', 'notes.txt'), 'these exist nowhere else\n');
}

/** What vggtune has begun to write and left behind. */
export const leftovers = (folder) =>
  filesBelow(folder).filter((name) => /\.[0-9a-f]{12}(\.tmp|$)|(^|\/)lock$/.test(name));
