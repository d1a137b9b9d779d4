// The data that the embedded backbone is pretrained on: a folder of 80 x 80 pictures, one sub-folder a
// class. Emoji of eight sets by their subcategory and icons by their names, varied strongly, and classes
// of pictures that are drawn by formulas. The same arguments give the same bytes.
//
// The packages that it reads are listed in pretrain.js, which calls it:
//
//   node bench/backbone/data.js --out pretraining
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRng } from '../../dist/base/rng.js';
import sharp from '../sharp.js';
import { readEmoji } from './artists.js';
import { DRAWN, drawn } from './drawn.js';
import { readIcons } from './icons.js';
import { colour, css, onBackground } from './scenes.js';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'pretraining' },
    /** Folder whose node_modules holds the packages. */
    packages: { type: 'string', default: '.' },
    /** What a class of emoji is: a subcategory of Unicode's list, or one picture. */
    labels: { type: 'string', default: 'subcategory' },
    /** Pictures of a class of emoji, about; and of one that is drawn. */
    emoji: { type: 'string', default: '600' },
    drawn: { type: 'string', default: '80' },
    /** Versions of an icon in colour; of a silhouette there is one. 0: icons are left out. */
    icons: { type: 'string', default: '3' },
    /** Only says how many there would be. */
    count: { type: 'boolean', default: false },
    seed: { type: 'string', default: '0' },
  },
});

/** Subcategories with fewer emoji become one class of their category. */
const SMALL = 6;
/** Versions of one picture of an emoji. */
const VERSIONS = { least: 4, most: 12 };

sharp.concurrency(1);

/** With what each belongs to. */
async function labelledEmoji() {
  const { packages, labels } = options;
  const all = await readEmoji({ packages });
  const counts = new Map();
  for (const { subcategory } of all) counts.set(subcategory, (counts.get(subcategory) ?? 0) + 1);
  return all.map(({ category, subcategory, name, pictures }) => {
    const group = counts.get(subcategory) < SMALL ? `${category} other` : subcategory;
    const folder = (labels === 'picture' ? name : group).toLowerCase();
    return { name, label: folder.replaceAll(/[^a-z0-9]+/g, '-'), pictures };
  });
}

function* emojiJobs(emoji, seed) {
  const classes = new Map();
  for (const { label, pictures } of emoji) {
    classes.set(label, [...(classes.get(label) ?? []), ...pictures]);
  }
  for (const [name, pictures] of classes) {
    const versions = Math.min(
      VERSIONS.most,
      Math.max(VERSIONS.least, Math.round(Number(options.emoji) / pictures.length)),
    );
    for (const [index, picture] of pictures.entries()) {
      for (let version = 0; version < versions; version++) {
        const rng = createRng('emoji', seed, name, index, version);
        yield {
          name,
          file: `${index}-${version}`,
          make: () => onBackground(coloured(picture, rng), rng),
        };
      }
    }
  }
}

async function* iconJobs(emoji, seed) {
  if (Number(options.icons) === 0) return;
  for (const [name, icons] of await readIcons({ packages: options.packages, emoji })) {
    for (const [index, { svg, isSilhouette }] of icons.entries()) {
      const versions = isSilhouette ? 1 : Number(options.icons);
      for (let version = 0; version < versions; version++) {
        const rng = createRng('icon', seed, name, index, version);
        const make = () => onBackground(coloured(svg, rng), rng);
        yield { name, file: `icon-${index}-${version}`, make };
      }
    }
  }
}

/** Files are as they are. */
const coloured = (picture, rng) =>
  typeof picture === 'function' ? picture(css(colour(rng))) : picture;

function* drawnJobs(seed) {
  for (const name of DRAWN) {
    for (let version = 0; version < Number(options.drawn); version++) {
      const rng = createRng('drawn', seed, name, version);
      yield { name: `drawn-${name}`, file: `${version}`, make: () => drawn(name, rng) };
    }
  }
}

async function* jobs() {
  const seed = Number(options.seed);
  const emoji = await labelledEmoji();
  yield* emojiJobs(emoji, seed);
  yield* iconJobs(emoji, seed);
  yield* drawnJobs(seed);
}

let count = 0;
const made = new Set();
const queue = jobs();

async function work() {
  for await (const { name, file, make } of queue) {
    count++;
    if (count % 2000 === 0) console.error(`${count} pictures`);
    const folder = join(options.out, name);
    if (options.count) {
      made.add(folder);
      continue;
    }
    if (!made.has(folder)) await mkdir(folder, { recursive: true });
    made.add(folder);
    const picture = await make();
    await writeFile(join(folder, `${file}.jpg`), await picture.jpeg(JPEG).toBuffer());
  }
}

const JPEG = { quality: 88, chromaSubsampling: '4:4:4' };

await Promise.all([work(), work(), work(), work()]);
console.error(`${count} pictures of ${made.size} classes in ${options.out}`);
