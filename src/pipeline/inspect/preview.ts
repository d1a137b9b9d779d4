import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import type { Candidates } from '../../dataset/candidates.ts';
import { collectFolders } from '../../dataset/collect-folders.ts';
import { collectCsv } from '../../dataset/csv-list.ts';

export { freeRunFolder } from '../../run/store.ts';

/** A preview of a folder by its file names, without reading an image. */
export type Preview =
  | {
      readonly kind: 'data';
      readonly images: number;
      /** In the order of the labels. */
      readonly classes: readonly { readonly name: string; readonly images: number }[];
    }
  /** The folder cannot be used for training; the reason as a sentence without its subject. */
  | { readonly kind: 'missing' | 'unsuitable'; readonly problem: string };

/** Previews a folder or a CSV as `train` would read it, but by names alone. */
export async function previewOf(path: string): Promise<Preview> {
  const root = resolve(path);
  try {
    const folder = (await stat(root)).isDirectory();
    return judged(await (folder ? collectFolders(root, () => {}) : collectCsv(root)));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { kind: 'missing', problem: 'is not there' };
    return { kind: 'unsuitable', problem: 'cannot be read as images with labels' };
  }
}

function judged({ files, seen }: Candidates): Preview {
  const counts = new Map<string, number>();
  for (const { className } of files) counts.set(className, (counts.get(className) ?? 0) + 1);
  const classes = [...counts].map(([name, images]) => ({ name, images }));
  classes.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (classes.length > 1) return { kind: 'data', images: files.length, classes };
  const empty = seen.length === 0 ? 'is empty' : 'has no images in sub-folders';
  const found = classes.length === 1 ? 'has one class only' : empty;
  return { kind: 'unsuitable', problem: `${found}; vggtune wants one sub-folder for each class` };
}

/** Folders and CSV files in a folder, sorted; hidden ones are left out. */
export async function listPlaces(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .flatMap((entry) => {
      if (entry.isDirectory() || entry.isSymbolicLink()) return [`${entry.name}/`];
      return /\.csv$/i.test(entry.name) ? [entry.name] : [];
    })
    .sort();
}
