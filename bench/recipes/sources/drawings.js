// Pictures that were drawn, painted or rendered.
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { createRng } from '../../../dist/base/rng.js';
import { FOLDERS, SETS as POOLS } from '../../backbone/transfer-data.js';
import { labelOf, picturesUnder, stemOf } from './files.js';
import { packageFolder } from './packages.js';

const WESNOTH = '/usr/share/games/wesnoth/1.16/data/core/images/units';

/** What a figure does in a frame, and what it throws. */
const MOVES =
  /-(n|s|ne|se|nw|sw)\b|-\d+$|\d$|attack|defend|die|death|bob|run|idle|stand|fly|melee|ranged|magic|move|flame|missile|bow$|arrow|projectile|healing|anim|fire-|glow|eagle/;

/** The figures of a game, by their people; of all the frames of a figure, the one it stands in. */
export async function figures() {
  const files = await picturesUnder(WESNOTH, { of: 'wesnoth-1.16-data' });
  const stems = new Set(files.map(stemOf));
  const isFrame = (stem) => {
    if (MOVES.test(stem)) return true;
    const parts = stem.split('-');
    return parts.some((_, end) => end > 0 && stems.has(parts.slice(0, end).join('-')));
  };
  return files.flatMap((file) => {
    const [label, ...rest] = relative(WESNOTH, file).split(sep);
    const stem = stemOf(file);
    if (rest.length === 0 || isFrame(stem)) return [];
    return [{ label, family: stem.replace(/\+.*$/, ''), input: file }];
  });
}

const FREEORION = '/usr/share/games/freeorion/default/data/art/icons';
const KINDS = {
  ship_parts: 'part',
  building: 'building',
  specials_huge: 'special',
  ship_hulls: 'hull',
  monsters: 'monster',
};

/** The paintings of a game about space, by what they are for. */
export async function paintings() {
  const found = [];
  for (const [folder, label] of Object.entries(KINDS)) {
    const files = await picturesUnder(join(FREEORION, folder), { of: 'freeorion-data' });
    for (const file of files) {
      if (dirname(file) !== join(FREEORION, folder)) continue;
      found.push({ label, family: stemOf(file).replace(/[-_]?\d+$/, ''), input: file });
    }
  }
  return found;
}

const PORTRAITS = '/usr/share/games/wesnoth/1.16/data/core/images/portraits';

/** Portraits that were painted for a game, by people. */
export async function portraits() {
  const files = await picturesUnder(PORTRAITS, { of: 'wesnoth-1.16-data' });
  return files.flatMap((file) => {
    const [label, ...rest] = relative(PORTRAITS, file).split(sep);
    const family = stemOf(file).replace(/\+.*$|-\d+$/, '');
    return rest.length === 0 ? [] : [{ label, family, input: file }];
  });
}

const CULTURES = '/usr/share/stellarium/skycultures';
/** Its figures are the western ones. */
const WESTERN_AGAIN = 'chinese_contemporary';

/** Figures of the constellations, by the people who saw them. */
export async function constellations() {
  const files = await picturesUnder(CULTURES, { of: 'stellarium-data', among: /\.png$/ });
  return files.flatMap((file) => {
    const [culture] = relative(CULTURES, file).split(sep);
    if (culture === WESTERN_AGAIN) return [];
    return [{ label: labelOf(culture), family: `${culture}-${stemOf(file)}`, input: file }];
  });
}

const FAENZA = '/usr/share/icons/Faenza';
/** The same thing in another colour is of one family. */
const COLOURS = /-(blue|green|grey|orange|pink|red|yellow)$/;

/** The icons of a theme, by the context that the theme files them under. */
export async function icons() {
  const files = await picturesUnder(FAENZA, { of: 'faenza-icon-theme' });
  return files.flatMap((file) => {
    const [label, size] = relative(FAENZA, file).split(sep);
    const family = stemOf(file).replace(COLOURS, '');
    return size === '64' ? [{ label, family, input: file }] : [];
  });
}

/** A picture of each emoji of a package, by the key of the record that describes it. */
async function emojiBy(packages, { key, file }) {
  const data = join(packageFolder(packages, 'openmoji'), 'data', 'openmoji.json');
  const all = JSON.parse(await readFile(data, 'utf8'));
  return all.flatMap((emoji) => {
    if (emoji.skintone !== '' || GENDERED.test(emoji.hexcode)) return [];
    const input = file(emoji.hexcode);
    if (input === undefined) return [];
    return [{ label: labelOf(emoji[key]), family: emoji.hexcode, input }];
  });
}

/** Signs of gender, and the man or woman that a sequence begins with. */
const GENDERED = /2640|2642|^1F468-200D|^1F469-200D/;

const withoutForm = (code) => code.toLowerCase().replaceAll('-fe0f', '');

/** Emoji that were modelled and rendered, by their group. */
export async function renderedEmoji({ packages }) {
  const name = '@lobehub/fluent-emoji-3d';
  const folder = join(packageFolder(packages, name), 'assets');
  const files = await picturesUnder(folder, { of: name });
  const byCode = new Map(files.map((file) => [withoutForm(stemOf(file)), file]));
  const found = await emojiBy(packages, {
    key: 'group',
    file: (code) => byCode.get(withoutForm(code)),
  });
  return found.filter(({ label }) => !['flags', 'symbols'].includes(label));
}

/** Emoji in black lines, by their subgroup. */
export async function lineEmoji({ packages }) {
  const folder = join(packageFolder(packages, 'openmoji'), 'black', 'svg');
  const files = new Set(await picturesUnder(folder, { of: 'openmoji' }));
  return emojiBy(packages, {
    key: 'subgroups',
    file: (code) => {
      const path = join(folder, `${code}.svg`);
      return files.has(path) ? path : undefined;
    },
  });
}

/**
 * A set on which the embedded backbone is judged as well. Of a class, `most` pictures are taken, since
 * to compare thousands with each other takes long.
 */
export const transferSet =
  (name, { classes: wanted, most }) =>
  async () => {
    const set = POOLS.find((each) => each.name === name);
    const classes = [...(await set.files(FOLDERS))];
    classes.sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
    return classes.slice(0, wanted).flatMap(([label, files]) => {
      const order = createRng('recipes-transfer', name, label).shuffle([...files]);
      return order.slice(0, most).map((file) => ({
        label: labelOf(label),
        family: relative('/usr/share', file),
        input: file,
      }));
    });
  };
