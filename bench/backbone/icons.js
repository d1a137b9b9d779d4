// Icons in colour, and silhouettes that are given one, by what their names say: a word that names an
// emoji puts an icon into that emoji's subcategory, any other frequent word makes a class of its own.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { svgOf } from './artists.js';

const ALL = /./;
/**
 * Packages below @iconify-json, and which of their icons: one form of each, rather than outlines, small
 * ones and negatives too. Licences: MIT, Apache 2.0, CC0, CC BY 3.0 (game-icons) and CC BY 4.0 (streamline,
 * solar, fa6).
 */
const SETS = {
  'flat-color-icons': ALL,
  'flat-ui': ALL,
  'fluent-color': ALL,
  'game-icons': ALL,
  'icon-park': ALL,
  'streamline-color': ALL,
  'streamline-cyber-color': ALL,
  'streamline-emojis': ALL,
  'streamline-flex-color': ALL,
  'streamline-freehand-color': ALL,
  'streamline-kameleon-color': ALL,
  'streamline-plump-color': ALL,
  'streamline-sharp-color': ALL,
  'streamline-stickies-color': ALL,
  'streamline-ultimate-color': ALL,
  ph: /-(fill|duotone)$/,
  mdi: /^(?!.*-outline)/,
  solar: /-bold-duotone$/,
  healthicons: /^(?!.*(24px|outline|negative))/,
  mingcute: /-fill$/,
  tabler: /-filled$/,
  'fa6-solid': ALL,
  temaki: ALL,
  'medical-icon': /^i-/,
  maki: /^(?!.*-11)/,
  fontisto: ALL,
  marketeq: ALL,
  meteocons: /-fill$/,
  'duo-icons': ALL,
  pixelarticons: ALL,
};

/** Icons of a word that make it a class. */
const FREQUENT = 24;
/** Of the emoji that a word names, the part that must agree on a subcategory. */
const AGREED = 0.6;

/** How an icon is drawn or what is done with the thing, rather than the thing. */
const NO_THINGS = new Set(
  (
    'a an and of the with in on off to for by no up down left right one two three four five six seven ' +
    'flat duo fill filled alt alternate color icon symbol sign mark button face small big large new add ' +
    'remove delete edit plus minus check cross half full open close closed high low medium top bottom ' +
    'black white red blue green yellow heavy double single horizontal vertical crossed broken ' +
    'outline bold linear duotone solid circle square variant simple'
  ).split(' '),
);

const wordsOf = (name) =>
  name
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length > 2 && !NO_THINGS.has(word));

/** @returns subcategory by word, where nearly all emoji with this word in their name share one */
function meanings(emoji) {
  const counts = new Map();
  for (const { name, label } of emoji) {
    for (const word of new Set(wordsOf(name))) {
      const of = counts.get(word) ?? new Map();
      counts.set(word, of.set(label, (of.get(label) ?? 0) + 1));
    }
  }
  const agreed = [...counts].flatMap(([word, of]) => {
    const [label, most] = [...of].sort((a, b) => b[1] - a[1])[0];
    const all = [...of.values()].reduce((sum, each) => sum + each, 0);
    return most >= AGREED * all ? [[word, label]] : [];
  });
  return new Map(agreed);
}

/** Of icons that differ by their size alone, the largest. */
function withoutSizes(names) {
  const byName = new Map();
  const sized = names.map((name) => ({
    name,
    size: Number(/-(\d\d)$/.exec(name)?.[1] ?? 0),
  }));
  for (const { name } of sized.sort((a, b) => a.size - b.size)) {
    byName.set(name.replace(/-\d\d$/, ''), name);
  }
  return [...byName.values()].sort();
}

/**
 * @param {{ packages: string, emoji: { name: string, label: string }[] }} options
 * @returns {Promise<Map<string, { svg: (colour: string) => Buffer, isSilhouette: boolean }[]>>} by class
 */
export async function readIcons({ packages, emoji }) {
  const resolver = createRequire(join(resolve(packages), 'package.json'));
  const meaning = meanings(emoji);
  const all = [];
  for (const [name, form] of Object.entries(SETS)) {
    const folder = dirname(resolver.resolve(`@iconify-json/${name}/package.json`));
    const set = JSON.parse(await readFile(join(folder, 'icons.json'), 'utf8'));
    for (const icon of withoutSizes(Object.keys(set.icons).filter((each) => form.test(each)))) {
      const { body } = set.icons[icon];
      const isSilhouette = body.includes('currentColor');
      all.push({ words: wordsOf(icon), isSilhouette, svg: svgOf(set, set.icons[icon]) });
    }
  }
  const counts = new Map();
  for (const { words } of all) {
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const classes = new Map();
  for (const { words, ...icon } of all) {
    // The last word is the thing, those before it tell more of it.
    const last = [...words].reverse();
    const named = last.find((word) => meaning.has(word));
    const frequent = last.find((word) => counts.get(word) >= FREQUENT);
    const label = named ? meaning.get(named) : frequent && `icon-${frequent}`;
    if (label) classes.set(label, [...(classes.get(label) ?? []), icon]);
  }
  return new Map([...classes].filter(([, { length }]) => length >= FREQUENT));
}
