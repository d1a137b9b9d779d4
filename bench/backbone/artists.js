// Emoji as eight sets draw them, all free to use: Noto (Apache 2.0) as it is now and as it was first
// drawn, Fluent (MIT) rendered in three dimensions, shaded, flat and as silhouettes, Firefox OS's (Apache
// 2.0) and EmojiOne's (CC BY 4.0). None of their artists drew what the results are measured on.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** Packages of icons. */
const ICONS = [
  '@iconify-json/noto-v1',
  '@iconify-json/fluent-emoji-flat',
  '@iconify-json/fxemoji',
  '@iconify-json/emojione',
  '@iconify-json/fluent-emoji',
  '@iconify-json/fluent-emoji-high-contrast',
];

/** Neither things nor signs; and regions' flags, of which there are three. */
const LEFT_OUT = new Set(['skin-tone', 'subdivision-flag']);

/**
 * Emoji with their pictures: files, or SVG of what is drawn in the colour that is asked for. Variants by
 * skin tone are left out: they are nearly the same picture.
 *
 * @returns {Promise<{ name: string, category: string, subcategory: string,
 *   pictures: (string | ((colour: string) => Buffer))[] }[]>}
 */
export async function readEmoji({ packages }) {
  const resolver = createRequire(join(resolve(packages), 'package.json'));
  const folder = (name) => dirname(resolver.resolve(`${name}/package.json`));
  const google = folder('emoji-datasource-google');
  const all = JSON.parse(await readFile(join(google, 'emoji.json'), 'utf8')).filter(
    ({ has_img_google, subcategory }) => has_img_google && !LEFT_OUT.has(subcategory),
  );
  const finders = [
    ({ image }) => join(google, 'img', 'google', '64', image),
    fluent(folder('@lobehub/fluent-emoji-3d')),
    ...(await Promise.all(ICONS.map((name) => icons(folder(name))))),
  ];
  return all.map((emoji) => {
    const { short_name: name, category, subcategory } = emoji;
    const pictures = finders.map((find) => find(emoji)).filter((each) => each !== undefined);
    return { name, category, subcategory, pictures };
  });
}

/** Named by code points, with or without the one that asks for a picture. */
const fluent =
  (folder) =>
  ({ unified }) => {
    const name = unified.toLowerCase();
    return [name, name.replaceAll('-fe0f', '')]
      .map((each) => join(folder, 'assets', `${each}.webp`))
      .find(existsSync);
  };

/** Named by what Unicode calls them, with or without hyphens between the words. */
async function icons(folder) {
  const set = JSON.parse(await readFile(join(folder, 'icons.json'), 'utf8'));
  const byName = new Map(Object.entries(set.icons));
  const byLetters = new Map([...byName].map(([name, icon]) => [letters(name), icon]));
  return ({ name, short_name }) => {
    const names = [name ?? '', short_name].map(slug);
    const icon =
      names.map((each) => byName.get(each)).find(Boolean) ??
      names.map((each) => byLetters.get(letters(each))).find(Boolean);
    return icon === undefined ? undefined : svgOf(set, icon);
  };
}

/** An icon of a set; what has no colour of its own takes the one that is asked for. */
export function svgOf(set, icon) {
  const of = (name, usual) => icon[name] ?? set[name] ?? usual;
  const box = [of('left', 0), of('top', 0), of('width', 16), of('height', 16)].join(' ');
  return (colour) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="${box}">${icon.body.replaceAll('currentColor', colour)}</svg>`,
    );
}

const letters = (name) => name.replaceAll('-', '');

const slug = (text) =>
  text
    .toLowerCase()
    .replaceAll(/['\u2019]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
