import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataError } from '../base/errors.ts';
import { readPlainFile } from '../base/plain-file.ts';
import type { Candidates } from './candidates.ts';
import type { CsvRow } from './csv.ts';
import { candidatesOf, candidatesOfRows, collectCsv, decodeText } from './csv-list.ts';
import { compareNames, fileSystemPath } from './file-names.ts';
import { columnsOf } from './list-columns.ts';
import type { Side } from './types.ts';

/** Lists that lie in the folder of their images: of a Hugging Face imagefolder, and of Roboflow. */
const NAMES = ['metadata.csv', 'metadata.jsonl', '_classes.csv'] as const;
const MOST_BYTES = 2 ** 28;

/**
 * The images of a folder whose labels are in lists: one in the folder, or one in each of its folders for training,
 * validation and test. Undefined where there is no such list.
 */
export async function collectInnerLists(
  root: string,
  sides: ReadonlyMap<string, Side>,
): Promise<Candidates | undefined> {
  const own = await listIn(root);
  if (own !== undefined) return own;
  const found: Candidates[] = [];
  for (const [name, side] of sides) {
    const list = await listIn(join(root, name));
    if (list !== undefined) found.push(placedIn(list, { name, side }));
  }
  const [first] = found;
  if (first === undefined) return undefined;
  return {
    root,
    layout: 'csv',
    classNames: [...new Set(found.flatMap(({ classNames }) => classNames))].sort(compareNames),
    files: found.flatMap(({ files }) => files),
    skipped: found.flatMap(({ skipped }) => skipped),
    seen: found.flatMap(({ seen }) => seen),
    notes: first.notes ?? [],
  };
}

async function listIn(folder: string): Promise<Candidates | undefined> {
  for (const name of NAMES) {
    const path = join(folder, name);
    const there = await stat(fileSystemPath(path)).then(
      (entry) => entry.isFile(),
      () => false,
    );
    if (!there) continue;
    return name.endsWith('.jsonl') ? collectJsonLines(path) : collectCsv(path);
  }
  return undefined;
}

function placedIn(list: Candidates, { name, side }: { name: string; side: Side }): Candidates {
  const path = (inside: string) => `${name}/${inside}`;
  return {
    ...list,
    files: list.files.map((file) => ({ ...file, path: path(file.path), side })),
    skipped: list.skipped.map((file) => ({ ...file, path: path(file.path) })),
    seen: list.seen.map(path),
  };
}

/** A list of a JSON object a line, as Hugging Face writes `metadata.jsonl`. */
async function collectJsonLines(file: string): Promise<Candidates> {
  const what = 'a list of a JSON object a line';
  const text = decodeText(await readPlainFile(file, { most: MOST_BYTES, what }), file);
  return jsonLineCandidates(text, file);
}

/** @throws VggtuneError (data) with the line that is no JSON object, or lacks a path or label */
export function jsonLineCandidates(text: string, file: string): Candidates {
  const lines = text.split(/\r?\n/);
  const rows = lines.flatMap((line, at) =>
    line.trim() === '' ? [] : [objectIn(line, { file, line: at + 1 })],
  );
  const header = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))];
  const filled: CsvRow[] = rows.map(({ line, cells }) => ({
    line,
    cells: header.map((name) => cells.get(name) ?? ''),
  }));
  if (rows.length === 0) return candidatesOf('', file);
  const columns = columnsOf([{ line: 1, cells: header }, ...filled]);
  if (typeof columns === 'string' || columns.header === undefined) {
    throw dataError(`${file} does not say which image is of which class`, {
      expected: 'objects with file_name and label',
      found: `the keys ${header.slice(0, 10).join(', ')}`,
      where: file,
      fix: 'name the keys file_name and label',
    });
  }
  return candidatesOfRows(filled, { columns, file });
}

function objectIn(text: string, { file, line }: { file: string; line: number }) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw dataError(`${file} is no list of JSON objects`, {
      expected: 'a JSON object a line',
      found: text.slice(0, 100),
      where: `${file}, line ${line}`,
      fix: 'write one object a line, with file_name and label',
    });
  }
  const plain = Object.entries(value).filter(([, cell]) =>
    ['string', 'number', 'boolean'].includes(typeof cell),
  );
  return { line, cells: new Map(plain.map(([name, cell]) => [name, String(cell)])) };
}
