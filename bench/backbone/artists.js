// Emoji as six artists draw them, all free to use: Noto (Apache 2.0) as it is now and as it was first
// drawn, Fluent (MIT) rendered in three dimensions and flat, Firefox OS's (Apache 2.0) and EmojiOne's
// (CC BY 4.0). None of them drew what the results are measured on.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

export const ARTISTS = ['noto', 'fluent', 'noto-v1', 'fluent-flat', 'fxemoji', 'emojione'];

/** Packages of icons by what the artist is called here. */
const ICONS = {
  'noto-v1': '@iconify-json/noto-v1',
  'fluent-flat': '@iconify-json/fluent-emoji-flat',
  fxemoji: '@iconify-json/fxemoji',
  emojione: '@iconify-json/emojione',
};

/** Neither things nor signs; and regions' flags, of which there are three. */
const LEFT_OUT = new Set(['skin-tone', 'subdivision-flag']);

/**
 * Emoji with their pictures: files, or bytes of SVG. Variants by skin tone are left out: they are nearly
 * the same picture.
 *
 * @returns {Promise<{ name: string, category: string, subcategory: string,
 *   pictures: (string | Buffer)[] }[]>}
 */
export async function readEmoji({ packages, artists }) {
  const resolver = createRequire(join(resolve(packages), 'package.json'));
  const folder = (name) => dirname(resolver.resolve(`${name}/package.json`));
  const google = folder('emoji-datasource-google');
  const all = JSON.parse(await readFile(join(google, 'emoji.json'), 'utf8')).filter(
    ({ has_img_google, subcategory }) => has_img_google && !LEFT_OUT.has(subcategory),
  );
  const finders = [];
  if (artists.includes('noto')) {
    finders.push(({ image }) => join(google, 'img', 'google', '64', image));
  }
  if (artists.includes('fluent')) finders.push(fluent(folder('@lobehub/fluent-emoji-3d')));
  for (const [artist, name] of Object.entries(ICONS)) {
    if (artists.includes(artist)) finders.push(await icons(folder(name)));
  }
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
    if (icon === undefined) return undefined;
    const box = `0 0 ${icon.width ?? set.width} ${icon.height ?? set.height}`;
    return Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="${box}">${icon.body}</svg>`,
    );
  };
}

const letters = (name) => name.replaceAll('-', '');

const slug = (text) =>
  text
    .toLowerCase()
    .replaceAll(/['\u2019]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
