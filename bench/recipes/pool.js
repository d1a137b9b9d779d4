// The pool of a set: all its pictures, rendered once, of which no two show the same.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupNearDuplicates } from '../../dist/dataset/near-duplicate-groups.js';
import { scanDataset } from '../../dist/dataset/scan.js';
import sharp from '../sharp.js';

const WHITE = '#ffffff';
/** Pictures are not made larger than they are; vectors have no size, and get about this one. */
const SIDE = 256;
const DENSITY = 192;
/** A picture of one colour shows nothing: the least standard deviation of its channels. */
const BLANK = 2;
/** The share of a source's pictures that may be damaged. */
const MOST_UNREADABLE = 0.02;

/** @returns the pictures of a set, by class */
export async function poolOf(set, { home, packages }) {
  const root = join(home, 'pools', set.pool ?? set.name);
  if (!(await isDone(root))) {
    await writeWhole(root, async (partial) => {
      await renderAll(await set.pictures({ packages }), partial);
      await dropCopies(partial, set.copies ?? 'near');
    });
  }
  const classes = [];
  for (const label of await foldersOf(root)) {
    const names = (await readdir(join(root, label))).sort();
    classes.push({ label, files: names.map((name) => join(root, label, name)) });
  }
  return kept(classes, set);
}

/** The largest classes that have enough pictures. */
function kept(classes, { least, most = Number.POSITIVE_INFINITY }) {
  const large = classes.filter(({ files }) => files.length >= least);
  large.sort((a, b) => b.files.length - a.files.length || (a.label < b.label ? -1 : 1));
  return large.slice(0, most);
}

/** A family that is in a class already is left out. */
async function renderAll(pictures, root) {
  const families = new Set();
  const unreadable = [];
  for (const { label, family, input, open } of pictures) {
    const name = `${family.replaceAll(/[^A-Za-z0-9]+/g, '-')}.png`;
    const path = join(root, label, name);
    if (families.has(path)) continue;
    const png = await rendered(open?.() ?? sharp(input, { density: DENSITY })).catch((error) => {
      unreadable.push({ input, error });
      return undefined;
    });
    if (png === undefined) continue;
    families.add(path);
    await mkdir(join(root, label), { recursive: true });
    await writeFile(path, png);
  }
  const [first] = unreadable;
  // A few damaged files are the package's; many are a fault of this machine, and would change the set.
  if (unreadable.length > MOST_UNREADABLE * pictures.length)
    throw new Error(`${unreadable.length} of ${pictures.length} pictures cannot be rendered`, {
      cause: first.error,
    });
}

/** @returns undefined if there is nothing to see */
async function rendered(image) {
  const limits = { fit: 'inside', withoutEnlargement: true };
  const png = await image
    .flatten({ background: WHITE })
    .resize(SIDE, SIDE, limits)
    .png()
    .toBuffer();
  const { channels } = await sharp(png).stats();
  return channels.some(({ stdev }) => stdev >= BLANK) ? png : undefined;
}

/** Of the same picture, one is kept; if it has two labels, none. */
async function dropCopies(root, copies) {
  const index = await scanDataset(root);
  const groups = copies === 'near' ? await groupNearDuplicates(index, { background: WHITE }) : [];
  const keys = new Map(groups.flatMap((group) => group.map((hash) => [hash, group[0]])));
  const byKey = new Map();
  for (const { path, hash } of index.images) {
    const key = keys.get(hash) ?? hash;
    byKey.set(key, [...(byKey.get(key) ?? []), path]);
  }
  for (const paths of byKey.values()) {
    const labels = new Set(paths.map((path) => path.split('/')[0]));
    for (const path of labels.size > 1 ? paths : paths.slice(1)) await rm(join(root, path));
  }
}

/** Writes a folder beside its place, and moves it there when it is complete. */
export async function writeWhole(root, write) {
  const partial = `${root}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await write(partial);
  await writeFile(join(partial, '.done'), '');
  await rm(root, { recursive: true, force: true });
  await rename(partial, root);
}

export const isDone = (root) =>
  readFile(join(root, '.done')).then(
    () => true,
    () => false,
  );

/** @returns the names of the folders in a folder, sorted */
export async function foldersOf(root) {
  const entries = await readdir(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
