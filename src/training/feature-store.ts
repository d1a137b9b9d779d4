import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { dataError, messageOf, systemCode } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { thisMachine } from '../base/machine.ts';
import {
  bytesOf,
  createSegmentWriter,
  type OpenFile,
  type RowPlace,
  readIndexes,
  type SegmentWriter,
} from './feature-segments.ts';

/**
 * A cache of rows by key. It streams: rows wait in memory only until the next flush. When the disk is full,
 * the rows of this run stay in memory while they fit, and the run continues.
 */
export interface FeatureStore {
  /** Floats in a row. */
  readonly rowLength: number;
  has(key: string): boolean;
  /** Adds a copy of a row; it is on disk after the next `flush`, at the latest. */
  add(key: string, row: Float32Array): Promise<void>;
  flush(): Promise<void>;
  /**
   * Reads the indexes again, for rows that other processes have written.
   * @returns how many there were
   */
  refresh(): Promise<number>;
  /**
   * Copies rows into `into`, one after the other.
   * @returns positions in `keys` that are not there or damaged; a damaged row is forgotten
   */
  read(keys: readonly string[], into: Float32Array): Promise<readonly number[]>;
  close(): Promise<void>;
}

export interface FeatureStoreOptions {
  readonly folder: string;
  readonly rowLength: number;
  readonly emit: Emit;
  /** Bytes that may stay in memory when the disk takes no more. */
  readonly memoryLimit?: number;
  /** How files for writing are opened; for tests of full disks. */
  readonly openFile?: OpenFile;
}

const MEMORY_LIMIT = Math.min(2 ** 30, thisMachine().memory / 4);
/** Rows wait for a flush until they have so many bytes. */
const FLUSH_BYTES = 32 * 2 ** 20;
/** Neighbouring rows are read together up to so many bytes. */
const READ_BYTES = 8 * 2 ** 20;

export async function openFeatureStore(options: FeatureStoreOptions): Promise<FeatureStore> {
  const { rowLength } = options;
  const places = await orEmpty(options, () => readIndexes(options.folder, rowLength));
  const writer = createOverflowWriter(options, places);
  const files = createFilePool();
  const source: RowSource = { rowLength, places, files };

  async function read(keys: readonly string[], into: Float32Array): Promise<readonly number[]> {
    const wanted: Wanted[] = [];
    const missing: number[] = [];
    keys.forEach((key, position) => {
      const waiting = writer.waiting.get(key);
      const place = places.get(key);
      if (waiting !== undefined) into.set(waiting, position * rowLength);
      else if (place !== undefined) wanted.push({ position, key, place });
      else missing.push(position);
    });
    const runs = neighbours(wanted, Math.max(1, Math.floor(READ_BYTES / (rowLength * 4))));
    const bad = await Promise.all(runs.map((run) => readRun(source, run, into)));
    return [...missing, ...bad.flat()].sort((a, b) => a - b);
  }

  async function refresh(): Promise<number> {
    const found = await orEmpty(options, () => readIndexes(options.folder, rowLength));
    const fresh = [...found].filter(([key]) => !places.has(key));
    for (const [key, place] of fresh) places.set(key, place);
    return fresh.length;
  }

  return {
    rowLength,
    refresh,
    has: (key) => writer.waiting.has(key) || places.has(key),
    add: writer.add,
    flush: writer.flush,
    read,
    close: () => writer.close().finally(() => files.close()),
  };
}

interface RowSource {
  readonly rowLength: number;
  readonly places: Map<string, RowPlace>;
  readonly files: ReturnType<typeof createFilePool>;
}

interface Wanted {
  readonly position: number;
  readonly key: string;
  readonly place: RowPlace;
}

/** Reads rows that lie one after the other. @returns positions of those that are not there or damaged */
async function readRun(
  source: RowSource,
  run: readonly Wanted[],
  into: Float32Array,
): Promise<number[]> {
  const { rowLength, places, files } = source;
  const first = run[0];
  if (first === undefined) return [];
  const bytes = Buffer.allocUnsafe(run.length * rowLength * 4);
  const got = await files.read(first.place, bytes, rowLength * 4);
  const bad: number[] = [];
  run.forEach(({ position, key, place }, i) => {
    const row = bytes.subarray(i * rowLength * 4, (i + 1) * rowLength * 4);
    if ((i + 1) * rowLength * 4 <= got && crc32(row) === place.checksum) {
      bytesOf(into).set(row, position * rowLength * 4);
    } else {
      places.delete(key);
      bad.push(position);
    }
  });
  return bad;
}

/** Groups rows that lie one after the other in one file. */
function neighbours(wanted: readonly Wanted[], most: number): Wanted[][] {
  const sorted = [...wanted].sort(
    (a, b) => a.place.file.localeCompare(b.place.file) || a.place.index - b.place.index,
  );
  const runs: Wanted[][] = [];
  for (const item of sorted) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const follows =
      last?.place.file === item.place.file && last.place.index + 1 === item.place.index;
    if (run !== undefined && follows && run.length < most) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

/** Creates a writer that keeps rows in memory when the disk is full. */
function createOverflowWriter(options: FeatureStoreOptions, places: Map<string, RowPlace>) {
  const { rowLength, emit, memoryLimit = MEMORY_LIMIT } = options;
  const segments: SegmentWriter = createSegmentWriter(options);
  const waiting = new Map<string, Float32Array>();
  let full: unknown;

  const bytes = () => waiting.size * rowLength * 4;

  async function flush(): Promise<void> {
    if (waiting.size === 0 || full !== undefined) return;
    try {
      const written = await segments.append(waiting);
      for (const [key, place] of written) places.set(key, place);
      waiting.clear();
    } catch (error) {
      if (systemCode(causeOf(error)) === undefined) throw error;
      full = error;
      emit(fullWarning(options.folder, error));
    }
  }

  async function add(key: string, row: Float32Array): Promise<void> {
    waiting.set(key, row.slice());
    if (bytes() >= FLUSH_BYTES) await flush();
    if (full !== undefined && bytes() > memoryLimit) throw noRoom(options.folder, full);
  }

  return {
    waiting: waiting as ReadonlyMap<string, Float32Array>,
    add,
    flush,
    async close() {
      await flush();
      await segments.close();
    },
  };
}

/** Treats an unreadable folder as an empty cache; writing to it will report the cause. */
async function orEmpty(
  options: FeatureStoreOptions,
  read: () => Promise<Map<string, RowPlace>>,
): Promise<Map<string, RowPlace>> {
  try {
    return await read();
  } catch (error) {
    if (systemCode(causeOf(error)) === undefined) throw error;
    options.emit(fullWarning(options.folder, error));
    return new Map();
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function fullWarning(folder: string, error: unknown) {
  const message = `the feature cache in ${folder} cannot be written (${messageOf(causeOf(error))}); this run goes on without it`;
  return { type: 'warning', code: 'cache-full', message } as const;
}

function noRoom(folder: string, cause: unknown): Error {
  return dataError('the feature cache cannot be written, and memory has no room for its rows', {
    found: messageOf(causeOf(cause)),
    where: folder,
    fix: 'free some space, or set VGGTUNE_CACHE to a folder on a larger disk; rows that were written are kept',
    cause,
  });
}

/** Open files for positioned reads, each opened once. */
function createFilePool() {
  const handles = new Map<string, Promise<FileHandle>>();
  return {
    /** @returns the bytes read; fewer than asked for at the end of the file, 0 without a file */
    async read(place: RowPlace, into: Uint8Array, rowBytes: number): Promise<number> {
      const opened = handles.get(place.file) ?? open(place.file, 'r');
      handles.set(place.file, opened);
      try {
        const handle = await opened;
        const { bytesRead } = await handle.read(into, 0, into.length, place.index * rowBytes);
        return bytesRead;
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        return 0;
      }
    },
    async close(): Promise<void> {
      for (const opened of handles.values())
        await opened.then(
          (handle) => handle.close(),
          () => {},
        );
    },
  };
}
