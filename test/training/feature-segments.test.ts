import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createSegmentWriter,
  type OpenFile,
  parseIndex,
  readIndexes,
} from '../../src/training/feature-segments.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-segments-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LENGTH = 2;
const row = (value: number) => Float32Array.of(value, -value);
const rowsOf = (...values: number[]) =>
  new Map(values.map((value) => [`row ${value}`, row(value)]));
const filesEnding = async (ending: string) =>
  (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();

describe('an index', () => {
  const index = { version: 1, rowLength: LENGTH, rows: [['a', 7]] };

  it('is read as it was written', () => {
    expect(parseIndex(JSON.stringify(index), LENGTH)).toEqual(index);
    expect(parseIndex(JSON.stringify({ ...index, rows: [] }), LENGTH)?.rows).toEqual([]);
  });

  it.each([
    ['no JSON', '{"version":1'],
    ['null', 'null'],
    ['of another version', JSON.stringify({ ...index, version: 2 })],
    ['of rows of another length', JSON.stringify({ ...index, rowLength: 3 })],
    ['without rows', JSON.stringify({ ...index, rows: undefined })],
    ['with rows by name', JSON.stringify({ ...index, rows: { a: 7 } })],
    ['with one row that is no list', JSON.stringify({ ...index, rows: [['a', 7], 'ab'] })],
    ['with a key that is no text', JSON.stringify({ ...index, rows: [[1, 7]] })],
    ['with a checksum that is no number', JSON.stringify({ ...index, rows: [['a', '7']] })],
  ])('counts as none when it is %s', (_, text) => {
    expect(parseIndex(text, LENGTH)).toBeUndefined();
  });
});

describe('segments', () => {
  it('hold rows one after the other, those of one writer in one file', async () => {
    const writer = createSegmentWriter({ folder, rowLength: LENGTH });
    expect(await readdir(folder)).toEqual([]);
    const first = await writer.append(rowsOf(1, 2));
    const second = await writer.append(rowsOf(3));
    await writer.close();
    const [name = ''] = await filesEnding('.rows');
    expect(await filesEnding('.rows')).toHaveLength(1);
    const bytes = await readFile(join(folder, name));
    const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    expect([...numbers]).toEqual([1, -1, 2, -2, 3, -3]);
    expect([...first, ...second].map(([key, place]) => [key, place.index])).toEqual([
      ['row 1', 0],
      ['row 2', 1],
      ['row 3', 2],
    ]);
    expect(await readIndexes(folder, LENGTH)).toEqual(new Map([...first, ...second]));
  });

  it('are found by whoever has a folder that is not there yet', async () => {
    expect(await readIndexes(join(folder, 'new'), LENGTH)).toEqual(new Map());
  });

  it('are begun again after some thousand rows, so that an index stays small', async () => {
    const writer = createSegmentWriter({ folder, rowLength: 1 });
    const many = new Map(Array.from({ length: 4096 }, (_, at) => [`${at}`, Float32Array.of(at)]));
    await writer.append(many);
    await writer.append(new Map([['last', Float32Array.of(5)]]));
    await writer.close();
    expect(await filesEnding('.rows')).toHaveLength(2);
    const places = await readIndexes(folder, 1);
    expect(places.size).toBe(4097);
    expect(places.get('last')?.index).toBe(0);
  });

  it('that are later win over those that are earlier', async () => {
    const index = (checksum: number) =>
      JSON.stringify({ version: 1, rowLength: LENGTH, rows: [['a', checksum]] });
    await writeFile(join(folder, '2.json'), index(2));
    await writeFile(join(folder, '1.json'), index(1));
    await writeFile(join(folder, '3.rows'), '');
    const places = await readIndexes(folder, LENGTH);
    expect(places.get('a')).toEqual({ file: join(folder, '2.rows'), index: 0, checksum: 2 });
  });

  it('are written whole by a system that takes a few bytes at a time', async () => {
    const openFile: OpenFile = async (path, flags) => {
      const file = await open(path, flags);
      const write = file.write.bind(file) as typeof file.write;
      const few = (bytes: Uint8Array, at: number, length: number, position: number) =>
        write(bytes, at, Math.min(length, 3), position);
      return Object.assign(file, { write: few });
    };
    const writer = createSegmentWriter({ folder, rowLength: LENGTH, openFile });
    await writer.append(rowsOf(1));
    await writer.append(rowsOf(2));
    await writer.close();
    const [name = ''] = await filesEnding('.rows');
    const bytes = await readFile(join(folder, name));
    expect([...new Float32Array(bytes.buffer, bytes.byteOffset, 4)]).toEqual([1, -1, 2, -2]);
  });

  it('count for nothing when their rows could not be written', async () => {
    let fails = false;
    const openFile: OpenFile = async (path, flags) => {
      const file = await open(path, flags);
      const write = file.write.bind(file) as typeof file.write;
      const mayFail = (...what: Parameters<typeof write>) => {
        if (fails) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        return write(...what);
      };
      return Object.assign(file, { write: mayFail });
    };
    const writer = createSegmentWriter({ folder, rowLength: LENGTH, openFile });
    await writer.append(rowsOf(1));
    fails = true;
    await expect(writer.append(rowsOf(2))).rejects.toThrow('full');
    expect([...(await readIndexes(folder, LENGTH)).keys()]).toEqual(['row 1']);
    fails = false;
    const again = await writer.append(rowsOf(3));
    expect(again.get('row 3')?.index).toBe(1);
    await writer.close();
    expect([...(await readIndexes(folder, LENGTH)).keys()]).toEqual(['row 1', 'row 3']);
  });
});
