// What the sources of pictures share: where the packages are, and how files become pictures.
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';

/** @typedef {import('sharp').Sharp} Sharp */
/**
 * A picture of a source. Of a family, one picture is kept, since all of them show the same thing: a
 * figure as a man and as a woman, a texture in two versions.
 * @typedef {object} Picture
 * @property {string} label
 * @property {string} family
 * @property {string} [input]        the file, unless it is made
 * @property {() => Sharp} [open]    makes it
 */

/** @returns the paths of the pictures under a folder, sorted */
export async function picturesUnder(folder, { of, among = /\.(png|jpe?g|svg|webp)$/i }) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && among.test(entry.name));
  if (files.length === 0) throw new Error(`no pictures in ${folder}: install the package ${of}`);
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

/** @returns the name of a file, without its folder and ending */
export const stemOf = (path) => basename(path, extname(path));

/** @returns a name that a folder can have */
export const labelOf = (text) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
