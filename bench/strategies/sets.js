// The data sets on which the strategies are compared. `like` says what the backbone has seen of the
// kind: it is pretrained on emoji, icons and drawn textures, so that Twitter's emoji are similar (other
// drawings of such things; none of the pictures was seen) and the rest is not.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { createRng } from '../../dist/base/rng.js';
import { buildPool, FOLDERS, SETS as POOLS } from '../backbone/transfer-data.js';
import { DISTORTIONS, digit, distorted, dots, grating, placed } from './pictures.js';

/** Shares of the pictures; a test side this large tells two points apart over three seeds. */
const SIDES = { val: 0.15, test: 0.45 };

/**
 * @typedef {object} DataSet
 * @property {string} name
 * @property {'similar' | 'different'} like   what the set was made to be; the advisor is not told
 * @property {number} perClass                pictures of a class, about, of which 40 % are trained on
 * @property {(options: { home: string, seed: number, perClass: number }) => AsyncGenerator<Picture>} pictures
 */
/** @typedef {{ label: string, side?: string, image: Promise<Buffer> | Buffer }} Picture */

const emojiPackage = () =>
  dirname(createRequire(import.meta.url).resolve('emoji-datasource-twitter/package.json'));

/** Pictures of a class are cut to `perClass`, and classes with fewer than `least` left out. */
async function emojiBy(key, { least, seed, perClass, among = () => true }) {
  const source = emojiPackage();
  const all = JSON.parse(await readFile(join(source, 'emoji.json'), 'utf8'));
  const classes = new Map();
  for (const emoji of all.filter((each) => each.has_img_twitter && among(each))) {
    const label = emoji[key].toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    const file = join(source, 'img', 'twitter', '64', emoji.image);
    classes.set(label, [...(classes.get(label) ?? []), file]);
  }
  const kept = [...classes].filter(([, files]) => files.length >= least);
  return kept.map(([label, files]) => ({
    label,
    files: createRng('bench-emoji', seed, label).shuffle(files).slice(0, perClass),
  }));
}

const isPlain = ({ subcategory, category }) =>
  !['skin-tone', 'country-flag', 'subdivision-flag'].includes(subcategory) &&
  category !== 'Component';

const emojiSet = (key, options) =>
  async function* ({ seed, perClass }) {
    for (const { label, files } of await emojiBy(key, { ...options, seed, perClass })) {
      for (const file of files) yield { label, image: readFile(file) };
    }
  };

/** Many versions of each picture, all on one side: what is tested is of pictures never seen. */
async function* variedEmoji({ seed, perClass }) {
  const options = { least: 80, seed, perClass: 80, among: isPlain };
  for (const { label, files } of await emojiBy('category', options)) {
    for (let number = 0; number < perClass; number++) {
      const at = number % files.length;
      const share = (at + 0.5) / files.length;
      const side = share < SIDES.test ? 'test' : share < SIDES.test + SIDES.val ? 'val' : 'train';
      const rng = createRng('bench-varied', seed, label, number);
      yield { label, side, image: placed(files[at], rng) };
    }
  }
}

/** Pictures that come with Debian's packages (see ../backbone/transfer-data.js). */
const debianSet = (name) =>
  async function* ({ home, seed, perClass }) {
    const set = POOLS.find((pool) => pool.name === name);
    for (const [label, files] of (await buildPool(set, { home, ...FOLDERS })).classes) {
      const order = createRng('bench-debian', seed, label).shuffle(files);
      for (const file of order.slice(0, perClass)) yield { label, image: readFile(file) };
    }
  };

const drawnSet = (labels, draw) =>
  async function* ({ seed, perClass }) {
    for (const [index, label] of labels.entries()) {
      for (let number = 0; number < perClass; number++) {
        const rng = createRng('bench-drawn', seed, label, number);
        yield { label, image: draw(index, rng) };
      }
    }
  };

/** The class is what was done to a picture; what it shows says nothing. */
async function* distortions({ seed, perClass }) {
  const all = await emojiBy('category', { least: 80, seed, perClass: 200, among: isPlain });
  const files = all.flatMap((each) => each.files);
  for (const label of DISTORTIONS) {
    for (let number = 0; number < perClass; number++) {
      const rng = createRng('bench-distorted', seed, label, number);
      yield { label, image: distorted(label, files[rng.integer(files.length)], rng) };
    }
  }
}

const numbered = (count, name) => Array.from({ length: count }, (_, index) => `${name}-${index}`);

/** @type {readonly DataSet[]} */
export const SETS = [
  {
    name: 'emoji-groups',
    like: 'similar',
    perClass: 60,
    pictures: emojiSet('category', { least: 50, among: isPlain }),
  },
  {
    name: 'emoji-kinds',
    like: 'similar',
    perClass: 50,
    pictures: emojiSet('subcategory', { least: 25, among: isPlain }),
  },
  { name: 'emoji-varied', like: 'similar', perClass: 300, pictures: variedEmoji },
  {
    name: 'digits',
    like: 'different',
    perClass: 50,
    pictures: drawnSet(numbered(10, 'digit'), digit),
  },
  {
    name: 'digits-many',
    like: 'different',
    perClass: 400,
    pictures: drawnSet(numbered(10, 'digit'), digit),
  },
  {
    name: 'gratings',
    like: 'different',
    perClass: 60,
    pictures: drawnSet(numbered(8, 'angle'), grating),
  },
  { name: 'dots', like: 'different', perClass: 80, pictures: drawnSet(numbered(5, 'dots'), dots) },
  { name: 'stamps', like: 'different', perClass: 30, pictures: debianSet('stamps') },
  { name: 'clipart', like: 'different', perClass: 30, pictures: debianSet('clipart') },
  { name: 'icons', like: 'similar', perClass: 30, pictures: debianSet('icons') },
  { name: 'distortions-many', like: 'different', perClass: 300, pictures: distortions },
];

/** Writes a set for one seed, once. @returns the folder, with train, val and test in it */
export async function buildSet(set, { home, seed, scale }) {
  const root = join(home, 'data', `${set.name}-${scale}-${seed}`);
  const done = await readFile(join(root, '.done')).then(
    () => true,
    () => false,
  );
  if (done) return root;
  const partial = `${root}.partial`;
  await rm(partial, { recursive: true, force: true });
  const perClass = Math.max(10, Math.round(set.perClass * scale));
  const counts = new Map();
  for await (const { label, side, image } of set.pictures({ home, seed, perClass })) {
    const number = counts.get(label) ?? 0;
    counts.set(label, number + 1);
    const folder = join(partial, side ?? sideOf(number), label);
    await mkdir(folder, { recursive: true });
    const flat = sharp(await image)
      .resize(64, 64, { fit: 'fill' })
      .flatten({ background: '#fff' });
    await writeFile(join(folder, `${number}.png`), await flat.png().toBuffer());
  }
  await writeFile(join(partial, '.done'), '');
  await rm(root, { recursive: true, force: true });
  await rename(partial, root);
  return root;
}

/** The pictures of a class come in an order of chance: every twentieth place has a side. */
function sideOf(number) {
  const share = ((number * 7) % 20) / 20;
  if (share < SIDES.test) return 'test';
  return share < SIDES.test + SIDES.val ? 'val' : 'train';
}
