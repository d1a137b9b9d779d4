import { join } from 'node:path';
import type { Emit } from '../base/events.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { type Candidate, type Candidates, type ClassFolder, sideOf } from './candidates.ts';
import { compareNames, kindOfFile, printablePath } from './file-names.ts';
import { endingReason } from './foreign-kinds.ts';
import { kindByContent } from './image-kind.ts';
import { collectInnerLists } from './inner-lists.ts';
import { warnOfLayout } from './layout-warnings.ts';
import { noClassesInSubsets } from './scan-errors.ts';
import type { Side, SkippedFile } from './types.ts';
import { FOLDER_PROBLEM, type Listing, listFolder, walkFolder } from './walk.ts';

/** One sub-folder a class, with or without train/, val/ and test/ above them; or lists in these folders. */
export async function collectFolders(root: string, emit: Emit): Promise<Candidates> {
  const top = await listFolder(root);
  const sides = await sideFolders(root, top);
  const lists = await collectInnerLists(root, sides ?? namedSides(top));
  if (lists !== undefined) return lists;
  if (sides === undefined) await refuseSubsetsAsClasses(root, top);
  const folders =
    sides === undefined
      ? top.folders.map((name) => ({ path: name, className: classNameOf(name) }))
      : await classFoldersOfSides({ root, sides, top, emit });
  const gathered = await gather(root, folders);
  const loose = top.files.filter((name) => kindOfFile(name) === 'image');
  if (loose.length > 0 && gathered.files.length > 0) {
    emit({
      type: 'warning',
      code: 'images-without-class',
      message: `${loose.length} images lie directly in ${printablePath(root)}, in no class folder: ignored`,
    });
  }
  await warnOfLayout(root, { folders, emit });
  return {
    root,
    layout: sides === undefined ? 'folders' : 'sides',
    classNames: [...new Set(folders.map((folder) => folder.className))].sort(compareNames),
    files: gathered.files,
    skipped: gathered.skipped,
    seen: [...top.files, ...gathered.seen],
    notes: sides === undefined ? [] : [sidesNote(sides)],
  };
}

const sidesNote = (sides: ReadonlyMap<string, Side>) =>
  `${[...sides].map(([name, side]) => `${printablePath(name)}/ is ${side}`).join(', ')}`;

/** Macs write names in another Unicode form than other systems: a class is one, whatever form its name is in. */
const classNameOf = (folder: string) => folder.normalize('NFC');

/**
 * Refuses folders of which each has the name of a subset and images right inside, as in competitions whose labels are part
 * of the images' names: `train` and `test` would become the two classes.
 */
async function refuseSubsetsAsClasses(root: string, top: Listing): Promise<void> {
  const sides = namedSides(top);
  const [folder] = [...sides].find(([, side]) => side === 'train') ?? [];
  if (folder === undefined || sides.size < top.folders.length) return;
  const { files } = await listFolder(join(root, folder));
  const images = files.filter((name) => kindOfFile(name) === 'image');
  if (images.length > 0) throw noClassesInSubsets(root, { folder, images });
}

/** The folders with the name of a subset: those of a layout of lists hold images, and no folders. */
const namedSides = ({ folders }: Listing): ReadonlyMap<string, Side> =>
  new Map(
    folders.flatMap((name): [string, Side][] => {
      const side = sideOf(name);
      return side === undefined ? [] : [[name, side]];
    }),
  );

/**
 * The folders of the subsets, if the layout has them: there is a train/ that holds folders, and it has a val/
 * or test/ beside it or stands alone. Otherwise `train` is a class, beside `bus` and `car`.
 */
async function sideFolders(
  root: string,
  top: Listing,
): Promise<ReadonlyMap<string, Side> | undefined> {
  const sides = namedSides(top);
  const found = new Set(sides.values());
  if (!found.has('train') || (found.size === 1 && top.folders.length > 1)) return undefined;
  for (const [name, side] of sides) {
    if (side !== 'train') continue;
    const inside = await listFolder(join(root, name)).catch(() => undefined);
    if (inside !== undefined && inside.folders.length > 0) return sides;
  }
  return undefined;
}

async function classFoldersOfSides(of: {
  readonly root: string;
  readonly sides: ReadonlyMap<string, Side>;
  readonly top: Listing;
  readonly emit: Emit;
}): Promise<ClassFolder[]> {
  const others = of.top.folders.filter((name) => !of.sides.has(name));
  if (others.length > 0) {
    const names = others.map(printablePath).join(', ');
    of.emit({
      type: 'warning',
      code: 'folders-ignored',
      message: `beside train/ there are folders that are no subset: ignored: ${names}`,
    });
  }
  const folders: ClassFolder[] = [];
  for (const [name, side] of of.sides) {
    const path = await classLevel(of.root, { path: name, side });
    const inside = await listFolder(join(of.root, path));
    for (const folder of inside.folders) {
      folders.push({ path: `${path}/${folder}`, className: classNameOf(folder), side });
    }
    const loose = inside.files.filter((file) => kindOfFile(file) === 'image').length;
    if (loose > 0) of.emit(looseImages(loose, path));
  }
  return folders;
}

function looseImages(count: number, path: string) {
  const images = count === 1 ? '1 image lies' : `${count} images lie`;
  const message = `${images} directly in ${printablePath(path)}/, in no class folder: left out, as nothing says which class they are of; \`vggtune predict\` is for such images`;
  return { type: 'warning', code: 'images-without-class', message } as const;
}

/** Archives of competitions hold a folder in itself (`seg_train/seg_train`, `train/images`), with the classes inside. */
async function classLevel(
  root: string,
  { path, side }: { readonly path: string; readonly side: Side },
): Promise<string> {
  const { folders, files } = await listFolder(join(root, path));
  const [only] = folders;
  const wrapped =
    only !== undefined &&
    folders.length === 1 &&
    !files.some((name) => kindOfFile(name) === 'image');
  if (!wrapped || !(sideOf(only) === side || /^(images?|imgs?|data)$/i.test(only))) return path;
  const inside = await listFolder(join(root, path, only));
  return inside.folders.length > 0 ? `${path}/${only}` : path;
}

interface Gathered {
  readonly files: Candidate[];
  readonly skipped: SkippedFile[];
  readonly seen: string[];
}

async function gather(root: string, folders: readonly ClassFolder[]): Promise<Gathered> {
  const gathered: Gathered = { files: [], skipped: [], seen: [] };
  for (const folder of folders) {
    for (const found of await walkFolder(join(root, folder.path))) {
      const path = found.path === '' ? folder.path : `${folder.path}/${found.path}`;
      gathered.seen.push(path);
      sortOut({ folder, path, problem: found.problem, gathered });
      const reason = found.problem === undefined ? await unnamedImage(root, path) : undefined;
      if (reason !== undefined) gathered.skipped.push({ path, reason });
    }
  }
  return gathered;
}

/** What lies beside images and is none. */
const NO_IMAGE =
  /\.(txt|json|jsonl|xml|csv|tsv|ya?ml|md|html?|db|ini|npz?|mat|pkl|zip|gz|tar|py|ipynb|log|mp4|mov)$/i;

/** Why a file is left out that is an image by its content and not by its name; undefined for any other. */
async function unnamedImage(root: string, path: string): Promise<string | undefined> {
  if (kindOfFile(path) !== 'other' || NO_IMAGE.test(path)) return undefined;
  const kind = await kindByContent(join(root, path)).catch(unlessMachineFails(undefined));
  if (kind === undefined) return undefined;
  return `an image of the kind ${kind} by its content, whose name does not end like one: rename it`;
}

function sortOut(of: {
  readonly folder: ClassFolder;
  readonly path: string;
  readonly problem: string | undefined;
  readonly gathered: Gathered;
}): void {
  const { folder, path, problem, gathered } = of;
  const kind = kindOfFile(path);
  if (problem?.startsWith(FOLDER_PROBLEM) || (problem !== undefined && kind !== 'other')) {
    gathered.skipped.push({ path, reason: problem });
  } else if (kind === 'foreign') {
    gathered.skipped.push({ path, reason: endingReason(path) });
  } else if (kind === 'image') {
    const { className, side } = folder;
    gathered.files.push(side === undefined ? { path, className } : { path, className, side });
  }
}
