// The pictures that the embedded backbone is judged by, none of which it was pretrained on: Twitter's
// emoji by their subcategory, the stamps of Tux Paint (drawings and photographs) by their folder, the Open
// Clip Art Library by category and subcategory, and Oxygen's icons by what they are for.
//
// A set is made once, as a pool of pictures; a trial of it is a choice of training pictures by seed.
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative } from 'node:path';
import { createRng } from '../../dist/base/rng.js';
import { groupNearDuplicates } from '../../dist/dataset/near-duplicate-groups.js';
import { scanDataset } from '../../dist/dataset/scan.js';
import sharp from '../sharp.js';

/** Pictures of a class that are left to test, at least, and at most. */
export const TEST = { least: 10, most: 40 };

/** Where the pictures of Debian's packages are. */
export const FOLDERS = {
  stamps: '/usr/share/tuxpaint/stamps',
  clipart: '/usr/share/openclipart/png',
  icons: '/usr/share/icons/oxygen/base/64x64',
};

const SIDE = 80;
const WHITE = '#ffffff';

/**
 * @typedef {object} TransferSet
 * @property {string} name
 * @property {number} most    classes, the largest
 * @property {number} least   pictures of a class: 8 to train on and those to test with
 * @property {(folders: typeof FOLDERS) => Promise<Map<string, string[]>>} files   by class
 */
/** @type {readonly TransferSet[]} */
export const SETS = [
  { name: 'twitter', most: 12, least: 8 + TEST.least, files: twitterFiles },
  { name: 'stamps', most: Number.POSITIVE_INFINITY, least: 8 + TEST.least, files: stampFiles },
  { name: 'clipart', most: 12, least: 8 + TEST.least, files: clipartFiles },
  { name: 'icons', most: 12, least: 8 + TEST.least, files: iconFiles },
];

/** Signs of gender, and the man or woman that a sequence begins with. */
const GENDERED = /2640|2642|^1F468-200D|^1F469-200D/;

/** Of pictures that differ by gender or skin tone alone, one. */
async function twitterFiles() {
  const require = createRequire(import.meta.url);
  const source = dirname(require.resolve('emoji-datasource-twitter/package.json'));
  const all = JSON.parse(await readFile(join(source, 'emoji.json'), 'utf8'));
  const classes = new Map();
  for (const { image, subcategory, unified, has_img_twitter } of all) {
    if (!has_img_twitter || subcategory === 'skin-tone' || GENDERED.test(unified)) continue;
    const label = subcategory.replaceAll(/[^a-z0-9]+/g, '-');
    const file = join(source, 'img', 'twitter', '64', image);
    classes.set(label, [...(classes.get(label) ?? []), file]);
  }
  return classes;
}

/** One form of each object: no mirrored ones, and one of the drawing and its picture. */
async function stampFiles({ stamps }) {
  const classes = new Map();
  const entries = await readdir(stamps, { recursive: true }).catch(() => []);
  if (entries.length === 0) {
    throw new Error(`no stamps in ${stamps}: install the package tuxpaint-stamps-default`);
  }
  const isPicture = (name) => /\.(png|svg)$/i.test(name) && !/_(mirror|flip)/i.test(name);
  const byStem = new Map();
  for (const name of entries.filter(isPicture).sort().reverse()) {
    byStem.set(name.slice(0, -extname(name).length), name);
  }
  for (const name of [...byStem.values()].sort()) {
    const [label] = name.split('/');
    classes.set(label, [...(classes.get(label) ?? []), join(stamps, name)]);
  }
  return classes;
}

/** Neither sorted by what they show, nor pictures. */
const NO_CATEGORY = new Set(['unsorted', 'special']);

/** By their first two folders; what lies in a category alone has no subcategory. */
async function clipartFiles({ clipart }) {
  const classes = new Map();
  const entries = await readdir(clipart, { recursive: true }).catch(() => []);
  if (entries.length === 0) {
    throw new Error(`no clip art in ${clipart}: install the package openclipart-png`);
  }
  for (const name of entries.filter((entry) => entry.endsWith('.png')).sort()) {
    const [category, subcategory, ...rest] = name.split('/');
    if (rest.length === 0 || NO_CATEGORY.has(category)) continue;
    const label = `${category}-${subcategory}`;
    classes.set(label, [...(classes.get(label) ?? []), join(clipart, name)]);
  }
  return classes;
}

/** By the context that the theme files them under; links are other names of the same picture. */
async function iconFiles({ icons }) {
  const contexts = await readdir(icons).catch(() => []);
  if (contexts.length === 0) {
    throw new Error(`no icons in ${icons}: install the package oxygen-icon-theme`);
  }
  const classes = new Map();
  for (const label of contexts.sort()) {
    const entries = await readdir(join(icons, label), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    classes.set(
      label,
      names.sort().map((name) => join(icons, label, name)),
    );
  }
  return classes;
}

/**
 * The pictures of a set: a folder a class. Pictures that are nearly the same count once, as vggtune
 * judges them, and the largest classes are taken.
 * @returns {Promise<{ name: string, root: string, classes: Map<string, string[]> }>}
 */
export async function buildPool(set, { home, ...sources }) {
  const root = join(home, 'pools', set.name);
  if (!(await exists(join(root, '.done')))) {
    const partial = `${root}.partial`;
    await rm(partial, { recursive: true, force: true });
    await renderAll(await set.files(sources), partial);
    await dropCopies(partial);
    await dropClasses(partial, set);
    await writeFile(join(partial, '.done'), '');
    await rm(root, { recursive: true, force: true });
    await rename(partial, root);
  }
  const classes = new Map();
  for (const label of await foldersOf(root)) {
    const names = (await readdir(join(root, label))).sort();
    classes.set(
      label,
      names.map((name) => join(root, label, name)),
    );
  }
  return { name: set.name, root, classes };
}

async function renderAll(classes, root) {
  for (const [label, files] of classes) {
    await mkdir(join(root, label), { recursive: true });
    for (const [number, file] of files.entries()) {
      const picture = await rendered(file).catch(() => undefined);
      if (picture === undefined) continue;
      await writeFile(join(root, label, `${String(number).padStart(3, '0')}.png`), picture);
    }
  }
}

/** On white; small ones keep their size. */
function rendered(file) {
  const limits = { fit: 'contain', background: WHITE, withoutEnlargement: true };
  const image = sharp(file, { density: 96 }).flatten({ background: WHITE });
  return image.resize(SIDE, SIDE, limits).png().toBuffer();
}

async function dropCopies(root) {
  const index = await scanDataset(root);
  const groups = await groupNearDuplicates(index, { background: WHITE });
  const taken = new Set();
  const keys = new Map(groups.flatMap((group) => group.map((hash) => [hash, group[0]])));
  for (const { path, hash } of index.images) {
    const key = keys.get(hash) ?? hash;
    if (taken.has(key)) await rm(join(root, path));
    taken.add(key);
  }
}

async function dropClasses(root, { most, least }) {
  const counts = [];
  for (const label of await foldersOf(root)) {
    counts.push({ label, count: (await readdir(join(root, label))).length });
  }
  counts.sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
  for (const [rank, { label, count }] of counts.entries()) {
    if (rank >= most || count < least) await rm(join(root, label), { recursive: true });
  }
}

/**
 * Which pictures are trained on, and which are tested with. Of one seed, fewer training pictures are
 * among those of more, and the test pictures are the same up to `reserved` a class. A class that is
 * too small for that leaves at least `TEST.least` to test, and trains on what is left.
 */
export function trialOf({ name, classes }, { seed, perClass, reserved = perClass }) {
  const train = [];
  const test = [];
  for (const [label, files] of classes) {
    const order = createRng('transfer', name, seed, label).shuffle(files);
    const first = Math.min(reserved, order.length - TEST.least);
    for (const file of order.slice(0, Math.min(perClass, first))) train.push({ label, file });
    for (const file of order.slice(first, first + TEST.most)) test.push({ label, file });
  }
  return { train, test, labels: [...classes.keys()] };
}

/** Writes a trial as a user would have it: train/ and test/, a folder a class in each. */
export async function writeTrial(pool, trial, folder) {
  await rm(folder, { recursive: true, force: true });
  for (const side of ['train', 'test']) {
    for (const label of trial.labels) await mkdir(join(folder, side, label), { recursive: true });
    for (const { file } of trial[side]) {
      await copyFile(file, join(folder, side, relative(pool.root, file)));
    }
  }
}

const exists = (path) =>
  readFile(path).then(
    () => true,
    () => false,
  );

async function foldersOf(root) {
  const entries = await readdir(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
