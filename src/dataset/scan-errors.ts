import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { dataError, systemCode, type VggtuneError } from '../base/errors.ts';
import type { Candidates } from './candidates.ts';
import { kindOfFile, printablePath } from './file-names.ts';
import type { SkippedFile } from './types.ts';
import { systemReason } from './walk.ts';

const LAYOUTS =
  'a folder with one sub-folder of images a class, or train/ and val/ above them, or a CSV of path,label';

/** The error for a path that does not exist or cannot be read. */
export async function unreachable(path: string, error: unknown): Promise<VggtuneError> {
  if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) {
    return dataError(`cannot read ${path}`, {
      expected: LAYOUTS,
      found: systemReason(error),
      where: path,
      fix: 'give read permission, or another path',
    });
  }
  const { folder, names, wanted } = await nearestFolder(path);
  // Of a short name that differs in two letters nearly any other would do.
  const near = (name: string) => Math.max(1, Math.floor(name.length / 3));
  const similar = names.filter((name) => distance(name, wanted) <= near(name));
  return dataError(`there is no ${path}`, {
    expected: LAYOUTS,
    found: `${folder} is there, ${wanted} in it is not`,
    where: path,
    fix:
      similar.length > 0
        ? `did you mean ${similar.slice(0, 3).join(' or ')}?`
        : 'check the path; relative ones are meant from the folder of the config file that says them, or else from the current one',
  });
}

async function nearestFolder(path: string) {
  let wanted = basename(path);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const names = await readdir(folder).catch(() => undefined);
    if (names !== undefined || folder === dirname(folder)) {
      return { folder, names: names ?? [], wanted };
    }
    wanted = basename(folder);
  }
}

/** Edits between two names, whatever their case (Levenshtein). */
function distance(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The error for a data set without a usable image. */
export function noImages(
  path: string,
  candidates: Candidates,
  skipped: readonly SkippedFile[],
): VggtuneError {
  const loose = candidates.seen.filter(
    (file) => !file.includes('/') && kindOfFile(file) === 'image',
  );
  if (candidates.layout !== 'csv' && loose.length > 0 && candidates.files.length === 0) {
    return dataError(`no class folder with images in ${path}`, {
      expected: LAYOUTS,
      found: `${loose.length} images directly in the folder`,
      where: path,
      fix: 'make one sub-folder a class and move the images into them',
    });
  }
  return dataError(`no images in ${path}`, {
    expected: LAYOUTS,
    found: skipped.length > 0 ? listSkipped(skipped) : countKinds(candidates),
    where: path,
    fix: 'give a folder with JPEG, PNG, WebP, GIF, TIFF or AVIF images',
  });
}

function countKinds(candidates: Candidates): string {
  if (candidates.seen.length === 0) {
    const folders = candidates.classNames.length;
    return folders === 0 ? 'nothing' : `${folders} folders without a file`;
  }
  const counts = new Map<string, number>();
  for (const file of candidates.seen) {
    const kind = extname(file).toLowerCase() || 'without extension';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  return `${candidates.seen.length} files: ${kinds.map(([kind, n]) => `${n} ${kind}`).join(', ')}`;
}

/** Files that cannot be used, the first few by name. */
export function listSkipped(skipped: readonly SkippedFile[]): string {
  const shown = skipped.slice(0, 10);
  const lines = shown.map(({ path, reason }) => `${printablePath(path)} (${reason})`).join('; ');
  const more = skipped.length - shown.length;
  const count = skipped.length === 1 ? '1 unusable file' : `${skipped.length} unusable files`;
  return `${count}: ${lines}${more > 0 ? `; and ${more} more` : ''}`;
}

export function badImages(path: string, skipped: readonly SkippedFile[]): VggtuneError {
  return dataError(`${path} has images that cannot be used`, {
    expected: 'every image to be readable, as image.onBad is fail',
    found: listSkipped(skipped),
    where: path,
    fix: 'replace or remove them, or set image.onBad to skip',
  });
}

/** @param images paths relative to the data set */
export function oneClass(
  path: string,
  name: string,
  images: readonly { readonly path: string }[],
): VggtuneError {
  const shared = sharedFolders(images);
  return dataError(`${path} has one class only`, {
    expected: 'at least two classes with images',
    found:
      images.length === 1
        ? `1 image, of class ${printablePath(name)}`
        : `${images.length} images, all of class ${printablePath(name)}`,
    where: path,
    fix: shared.branches
      ? `its folder ${printablePath(shared.path)} has folders of its own: if those are the classes, give ${printablePath(join(path, shared.path))}`
      : 'add a sub-folder for each further class; check that the path is not one level too deep',
  });
}

/** The folder that all images are in, and whether they are in several folders inside of it. */
function sharedFolders(images: readonly { readonly path: string }[]) {
  const [first = [], ...others] = images.map((image) => image.path.split('/').slice(0, -1));
  const differs = first.findIndex((part, at) => others.some((parts) => parts[at] !== part));
  const depth = differs < 0 ? first.length : differs;
  const branches = depth > 0 && others.concat([first]).every((parts) => parts.length > depth);
  return { path: first.slice(0, depth).join('/'), branches };
}

/** What a shell does to write the list that names of images stand for. */
const LIST_FROM_NAMES =
  "(echo path,label; ls train | sed -E 's#^([A-Za-z]+).*#train/&,\\1#') > list.csv";

/**
 * The error for subsets that hold images and no class folders.
 * @param images the names of those in `folder`
 */
export function noClassesInSubsets(
  path: string,
  { folder, images }: { readonly folder: string; readonly images: readonly string[] },
): VggtuneError {
  const beginnings = new Set(images.map((name) => /^[a-z]+/i.exec(name)?.[0] ?? ''));
  const tell = beginnings.size > 1 && !beginnings.has('') && images.length >= 2 * beginnings.size;
  const some = [...beginnings].slice(0, 5).join(', ');
  const list = LIST_FROM_NAMES.replaceAll('train', folder);
  const where = printablePath(folder);
  return dataError(`${path} has no class folders`, {
    expected: LAYOUTS,
    found: `${images.length} images directly in ${where}/, which is the name of a subset and not of a class`,
    where: path,
    fix: tell
      ? `their names seem to begin with the class (${some}): in ${printablePath(path)}, ${list} writes a list; give that. Where ${where} is a class, rename its folder`
      : `make a folder for each class in ${where}/, or a list of path,label. Where ${where} is a class, rename its folder`,
  });
}

export function unknownClasses(
  path: string,
  found: readonly string[],
  known: readonly string[],
): VggtuneError {
  return dataError(`${path} has classes that the model does not know`, {
    expected: `only ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', ...' : ''}`,
    found: found.map(printablePath).join(', '),
    where: path,
    fix: 'rename or remove these classes',
  });
}
