import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { dataError } from '../base/errors.ts';
import { expandHome } from '../base/home.ts';
import { readPlainFile } from '../base/plain-file.ts';
import { type Candidate, type Candidates, sideOf } from './candidates.ts';
import { type CsvRow, parseCsv } from './csv.ts';
import { compareNames, kindOfFile } from './file-names.ts';
import { endingReason } from './foreign-kinds.ts';
import { columnsOf, type ListColumns, labelIn } from './list-columns.ts';
import { withEndings } from './list-endings.ts';
import type { Side, SkippedFile } from './types.ts';

/**
 * A CSV of `path,label` and an optional third column `split`, or with a header that names them among others, or with
 * a column of 0 and 1 for each class. Cells are separated by commas, semicolons or tabs. Relative
 * paths are meant from the CSV's folder and must stay inside it; absolute ones are taken as they are.
 *
 * @throws VggtuneError (data) with every row that is wrong
 */
export async function collectCsv(file: string): Promise<Candidates> {
  return withEndings(candidatesOf(await readText(file), file), file);
}

/**
 * Reads the candidates from the text of a list in `file`.
 * @throws VggtuneError (data) with every row that is wrong
 */
export function candidatesOf(text: string, file: string): Candidates {
  const rows = parseCsv(text, file);
  const columns = columnsOf(rows);
  if (typeof columns === 'string') throw badRows(file, [`line ${rows[0]?.line ?? 1}: ${columns}`]);
  return candidatesOfRows(columns.header === undefined ? rows : rows.slice(1), { columns, file });
}

/** The same for rows whose columns are known. */
export function candidatesOfRows(
  rows: readonly CsvRow[],
  { columns, file }: { readonly columns: ListColumns; readonly file: string },
): Candidates {
  const problems: string[] = [];
  const seen = new Map<string, { candidate: Candidate; line: number }>();
  for (const row of rows) {
    const read = readRow(row, columns, dirname(file));
    if (typeof read === 'string') problems.push(`line ${row.line}: ${read}`);
    else addRow({ row, read, seen, problems });
  }
  if (problems.length > 0) throw badRows(file, problems);
  const all = [...seen.values()].map((entry) => entry.candidate);
  const skipped: SkippedFile[] = all
    .filter((candidate) => kindOfFile(candidate.path) !== 'image')
    .map(({ path }) => ({ path, reason: notAnImage(path) }));
  return {
    root: dirname(file),
    layout: 'csv',
    classNames: [...new Set(all.map((candidate) => candidate.className))].sort(compareNames),
    files: all.filter((candidate) => kindOfFile(candidate.path) === 'image'),
    skipped,
    unread: all.filter((candidate) => kindOfFile(candidate.path) !== 'image'),
    seen: all.map((candidate) => candidate.path),
    notes: notesOf(columns),
  };
}

function notesOf({ header, label, path, ignored }: ListColumns): string[] {
  if (header === undefined) return [];
  const labels = typeof label === 'number' ? `"${header[label]}"` : 'the columns of 0 and 1';
  const used = `paths are taken from the column "${header[path]}", labels from ${labels}`;
  const rest = ignored.length > 0 ? `; not used: ${ignored.join(', ')}` : '';
  return [used + rest];
}

function notAnImage(path: string): string {
  return kindOfFile(path) === 'foreign'
    ? endingReason(path)
    : 'its name does not end like an image (.jpg, .png, .webp, .gif, .tif, .avif)';
}

/** A million rows have some hundred bytes each. */
const MOST_BYTES = 2 ** 28;

async function readText(file: string): Promise<string> {
  return decodeText(
    await readPlainFile(file, { most: MOST_BYTES, what: 'a CSV of path,label' }),
    file,
  );
}

/** UTF-8, or the UTF-16 that Excel saves as Unicode text. @throws VggtuneError (data) for any other bytes */
export function decodeText(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  const little = first === 0xff && second === 0xfe;
  const big = first === 0xfe && second === 0xff;
  const encoding = little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw dataError('the CSV is not UTF-8', {
      expected: 'UTF-8 text: path,label a line',
      found: 'bytes that are no UTF-8',
      where: file,
      fix: 'save it as UTF-8, which Excel calls "CSV UTF-8"',
    });
  }
}

/** @returns the candidate, or what is wrong with the row */
function readRow(row: CsvRow, columns: ListColumns, folder: string): Candidate | string {
  const { cells } = row;
  if (columns.header === undefined) {
    if (cells.length < 2) return 'one cell, expected path,label';
    if (cells.length > 3) {
      return `${cells.length} cells, expected path,label or path,label,split, or a header that names the columns`;
    }
  }
  return readCells(row, columns, folder);
}

function readCells(row: CsvRow, columns: ListColumns, folder: string): Candidate | string {
  const { cells } = row;
  const className = labelIn(row, columns)?.normalize('NFC') ?? '';
  const cell = cells[columns.path] ?? '';
  const path = plainPath(cell);
  const split = columns.split === undefined ? '' : (cells[columns.split] ?? '');
  if (path === '') return 'no path';
  if (className === '') {
    return typeof columns.label === 'number' ? 'no label' : 'no class, or more than one, is 1';
  }
  const reason = whyNotHere(cell, path);
  if (reason !== undefined) return reason;
  const side: Side | undefined = sideOf(split);
  if (side === undefined && split !== '') return `split is ${split}, expected train, val or test`;
  const inside = relative(folder, resolve(folder, path)).split(sep).join('/');
  const leaves = inside === '..' || inside.startsWith('../') || isAbsolute(inside);
  if (leaves && !isAbsolute(path)) {
    return `${path} leaves the CSV's folder; write it as an absolute path if that is meant`;
  }
  const entry = { path: leaves ? resolve(path) : inside, className };
  return side === undefined ? entry : { ...entry, side };
}

/** Why a path leads to no file of this machine, from the path alone. */
function whyNotHere(cell: string, path: string): string | undefined {
  if (path.includes('\0')) return 'a path with a zero byte';
  if (/^(https?|s3|gs):\//i.test(path)) {
    return `${cell} is an address: download it, and write the path of the file`;
  }
  const ofWindows = /^[a-z]:\//i.test(path) || cell.startsWith('\\\\');
  if (!ofWindows || process.platform === 'win32') return undefined;
  return `${cell} is a path of Windows; write it relative to the list`;
}

/** Label Studio names files that it serves from a folder, or that were uploaded to it, by its own addresses. */
function plainPath(cell: string): string {
  const [, served] = /^\/data\/local-files\/?\?d=(.+)$/.exec(cell) ?? [];
  if (served !== undefined) return decoded(served);
  const [, uploaded] = /^\/data\/upload\/(.+)$/.exec(cell) ?? [];
  const [, local] = /^file:\/\/(?:localhost)?(\/.+)$/i.exec(cell) ?? [];
  if (local !== undefined) return decoded(local).replace(/^\/(?=[a-z]:\/)/i, '');
  // A list from Windows.
  return expandHome((uploaded ?? cell).replaceAll('\\', '/'));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function addRow(of: {
  readonly row: CsvRow;
  readonly read: Candidate;
  readonly seen: Map<string, { candidate: Candidate; line: number }>;
  readonly problems: string[];
}): void {
  const { row, read, seen, problems } = of;
  const before = seen.get(read.path);
  if (before === undefined) {
    seen.set(read.path, { candidate: read, line: row.line });
  } else if (before.candidate.className !== read.className) {
    const { className } = before.candidate;
    problems.push(
      `line ${row.line}: ${read.path} is ${read.className} here and ${className} in line ${before.line}`,
    );
  } else if (before.candidate.side !== read.side) {
    problems.push(`line ${row.line}: ${read.path} is on another side in line ${before.line}`);
  }
}

function badRows(file: string, problems: readonly string[]) {
  const shown = problems.slice(0, 10);
  const more = problems.length - shown.length;
  return dataError(`${problems.length} rows of the CSV cannot be used`, {
    expected: 'path,label or path,label,split in each line',
    found: shown.join('; ') + (more > 0 ? `; and ${more} more` : ''),
    where: file,
    fix: 'correct these lines',
  });
}
