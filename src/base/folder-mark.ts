import { readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, systemCode } from './errors.ts';
import { unlessMachineFails } from './machine-failure.ts';
import { readPlainFile } from './plain-file.ts';

/**
 * A hidden file that lists the files of a folder that vggtune wrote. A folder may be replaced only when it
 * holds nothing else, since a person's own files may exist nowhere else.
 */
const MARK = '.vggtune-folder.json';
const FORMAT = 'vggtune-folder';

/** The largest mark that is read; an export has a few dozen files. */
const MOST_BYTES = 2 ** 24;

/** Files that file managers create in every folder that they show. */
const LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/** Records the contents of a folder that was just filled. */
export async function markFolder(folder: string): Promise<void> {
  const files: string[] = [];
  for await (const name of filesBelow(folder)) files.push(name);
  const mark = { format: FORMAT, version: 1, files: files.sort() };
  await writeFile(join(folder, MARK), `${JSON.stringify(mark, null, 1)}\n`);
}

/**
 * The files in a folder, or in its place, that vggtune did not write; none for an empty folder.
 * @param most the walk ends when so many are found: the folder may be somebody's whole disk
 */
export async function foreignFiles(folder: string, most: number): Promise<readonly string[]> {
  const foreign: string[] = [];
  try {
    const own = new Set(await markedFiles(folder));
    for await (const name of filesBelow(folder)) {
      if (own.has(name) || LITTER.has(basename(name))) continue;
      foreign.push(name);
      if (foreign.length >= most) break;
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code !== 'ENOENT') foreign.push(code === 'ENOTDIR' ? 'a file' : messageOf(error));
  }
  return foreign;
}

async function markedFiles(folder: string): Promise<readonly string[]> {
  const limits = { most: MOST_BYTES, what: 'a list of files' };
  return parseMark(
    await readPlainFile(join(folder, MARK), limits).then(String, unlessMachineFails('')),
  );
}

/** The files that a mark names; none where its text is damaged. */
export function parseMark(text: string): readonly string[] {
  try {
    const { format, files } = JSON.parse(text) as { format?: unknown; files?: unknown };
    if (format !== FORMAT || !Array.isArray(files)) return [];
    return [MARK, ...files.filter((name) => typeof name === 'string')];
  } catch {
    return [];
  }
}

/** All files and empty folders, with `/` between the parts of a path. */
async function* filesBelow(folder: string, prefix = ''): AsyncGenerator<string> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  if (entries.length === 0 && prefix !== '') yield prefix;
  for (const entry of entries) {
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, name);
    else yield name;
  }
}
