import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { makeFolder } from '../base/folders.ts';

/**
 * Rows of float32 on disk, in segments: `NAME.rows` holds the rows one after the other, and
 * `NAME.json` says which they are, with a checksum each. Only a row that an index names is
 * trusted; the index is replaced atomically after its rows are on the disk. Every writer has
 * segments of its own, so processes that fill one folder at once never meet.
 */
export const SEGMENT_VERSION = 1;

/** The index is written again at each flush; a new segment bounds what that costs. */
const ROWS_PER_SEGMENT = 4096;

export interface RowPlace {
  readonly file: string;
  readonly index: number;
  readonly checksum: number;
}

export type OpenFile = (path: string, flags: string) => Promise<FileHandle>;

interface SegmentIndex {
  readonly version: number;
  readonly rowLength: number;
  readonly rows: readonly (readonly [string, number])[];
}

/** Every row that the indexes of a folder name; of two rows with one key the later segment's. */
export async function readIndexes(
  folder: string,
  rowLength: number,
): Promise<Map<string, RowPlace>> {
  await makeFolder(folder);
  const places = new Map<string, RowPlace>();
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  for (const name of names) {
    const index = parseIndex(await readFile(join(folder, name), 'utf8'), rowLength);
    const file = join(folder, name.replace(/\.json$/, '.rows'));
    index?.rows.forEach(([key, checksum], row) => {
      places.set(key, { file, index: row, checksum });
    });
  }
  return places;
}

/** An index that is damaged or of another version is as good as none: its rows are made again. */
export function parseIndex(text: string, rowLength: number): SegmentIndex | undefined {
  try {
    const index = JSON.parse(text) as Partial<SegmentIndex>;
    const known = index.version === SEGMENT_VERSION && index.rowLength === rowLength;
    const rows: unknown = index.rows;
    return known && Array.isArray(rows) && rows.every(isRow) ? (index as SegmentIndex) : undefined;
  } catch {
    return undefined;
  }
}

function isRow(row: unknown): boolean {
  return Array.isArray(row) && typeof row[0] === 'string' && typeof row[1] === 'number';
}

export interface SegmentWriter {
  /** Appends rows and makes them durable; on failure none of them counts as written. */
  append(rows: ReadonlyMap<string, Float32Array>): Promise<ReadonlyMap<string, RowPlace>>;
  close(): Promise<void>;
}

interface Segment {
  readonly path: string;
  readonly handle: FileHandle;
  readonly rows: [string, number][];
}

/** A writer of its own segments. The first file is made at the first `append`. */
export function createSegmentWriter(options: {
  readonly folder: string;
  readonly rowLength: number;
  readonly openFile?: OpenFile;
}): SegmentWriter {
  const { folder, rowLength, openFile = open } = options;
  let segment: Segment | undefined;

  async function current(): Promise<Segment> {
    if (segment !== undefined && segment.rows.length < ROWS_PER_SEGMENT) return segment;
    await segment?.handle.close();
    segment = undefined;
    const name = `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
    const path = join(folder, name);
    segment = { path, handle: await openFile(`${path}.rows`, 'wx'), rows: [] };
    return segment;
  }

  async function append(rows: ReadonlyMap<string, Float32Array>) {
    const { path, handle, rows: written } = await current();
    const start = written.length;
    const entries = [...rows].map(([key, row]): [string, number] => [key, crc32(bytesOf(row))]);
    const bytes = Buffer.concat([...rows.values()].map(bytesOf));
    await writeAll(handle, bytes, start * rowLength * 4);
    await handle.datasync();
    const index = { version: SEGMENT_VERSION, rowLength, rows: [...written, ...entries] };
    await writeFileAtomic(`${path}.json`, JSON.stringify(index));
    written.push(...entries);
    return new Map(
      entries.map(([key, checksum], i) => [
        key,
        { file: `${path}.rows`, index: start + i, checksum },
      ]),
    );
  }

  return { append, close: async () => segment?.handle.close() };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** The bytes of a row, without a copy. */
export function bytesOf(row: Float32Array): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
}
