import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Candidates } from './candidates.ts';
import { fileSystemPath, kindOfFile } from './file-names.ts';

const ENDINGS = ['', '.jpg', '.jpeg', '.png', '.JPG', '.webp', '.tif', '.gif'];
/** Entries by which the folder and the ending are found. */
const TRIED = 3;

/**
 * Lists of competitions name images without their ending, or without the folder that they lie in. Where the first
 * entries are not there as they stand, but are in a folder beside the list, or with an ending, all are meant so.
 */
export async function withEndings(candidates: Candidates, list: string): Promise<Candidates> {
  const names = candidates.seen.slice(0, TRIED);
  const stem = basename(list, extname(list));
  const folders = ['', stem, `${stem}_images`, 'images', 'img', 'train', 'train_images'];
  const all = folders.flatMap((folder) => ENDINGS.map((ending) => ({ folder, ending })));
  for (const { folder, ending } of all) {
    const changed = (path: string) => (folder === '' ? '' : `${folder}/`) + path + ending;
    const there = await Promise.all(
      names.map((name) => isFile(join(candidates.root, changed(name)))),
    );
    if (!there.every((found) => found) || names.length === 0) continue;
    return folder === '' && ending === '' ? candidates : renamed(candidates, changed);
  }
  return candidates;
}

function renamed(candidates: Candidates, changed: (path: string) => string): Candidates {
  const entries = [...candidates.files, ...(candidates.unread ?? [])];
  const files = entries.map((file) => ({ ...file, path: changed(file.path) }));
  const example = files[0]?.path ?? '';
  const note = `the list's entries are taken as files such as ${example}`;
  return {
    ...candidates,
    files: files.filter(({ path }) => kindOfFile(path) === 'image'),
    skipped: [],
    seen: files.map(({ path }) => path),
    notes: [...(candidates.notes ?? []), note],
  };
}

const isFile = (path: string): Promise<boolean> =>
  stat(fileSystemPath(path)).then(
    (found) => found.isFile(),
    () => false,
  );
