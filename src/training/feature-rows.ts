import { setImmediate as nextTurn } from 'node:timers/promises';
import { interruptedError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { thisMachine } from '../base/machine.ts';
import type { ImageEntry } from '../dataset/types.ts';
import type { ForwardProgram } from '../engines/engine.ts';
import type { FeatureStore } from './feature-store.ts';
import { type ImageRows, type PixelRequest, piecesOf, type ReadPixels } from './sample-source.ts';

/** Activations at the freeze boundary of each request, in memory or read back from the store. */
export interface FeatureTable {
  /** Whether the features of a request are available; an image that cannot be decoded has none. */
  readonly present: readonly boolean[];
  /** Copies the rows of some requests, one after the other. */
  read(positions: readonly number[], into: Float32Array): Promise<void>;
}

export interface FeatureWork {
  readonly store: FeatureStore;
  readonly requests: readonly PixelRequest[];
  /** The key of the features in the store: what the image's pixels depend on. */
  readonly keyOf: (request: PixelRequest) => string;
  readonly readPixels: ReadPixels;
  /** Compiles the frozen prefix; not called when every row is there. */
  readonly prefix: () => Promise<ForwardProgram>;
  /** Rows in one run of the prefix. */
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** The number of bytes up to which a table is kept in memory. */
  readonly memoryLimit?: number;
  /** Runs work while no other process computes rows of this store; absent where none can. */
  readonly exclusive?: <T>(compute: () => Promise<T>) => Promise<T>;
}

/** The size of a table of features beyond which it is read from disk while it is in use. */
export const TABLE_BYTES = Math.min(512 * 2 ** 20, thisMachine().memory / 8);
/** The number of bytes in which rows are checked at a time. */
const PIECE_BYTES = 8 * 2 ** 20;

/**
 * Runs the frozen prefix over every request whose row the store does not have.
 * @throws VggtuneError (interrupted) with all finished rows saved, when the signal asks for it
 */
export async function buildFeatures(work: FeatureWork): Promise<FeatureTable> {
  const { store, requests } = work;
  const bytes = requests.length * store.rowLength * 4;
  const fits = bytes <= (work.memoryLimit ?? TABLE_BYTES);
  const table = fits ? new Float32Array(requests.length * store.rowLength) : undefined;
  const keys = requests.map(work.keyOf);
  const missing = await storedRows({ store, keys, table });
  const rest = async () => {
    // Another process may have computed them while this one waited for its turn.
    const others = work.exclusive === undefined ? 0 : await store.refresh();
    const now = others === 0 ? missing : await storedRows({ store, keys, table });
    return compute(work, now, { keys, table });
  };
  const exclusive = missing.length === 0 ? undefined : work.exclusive;
  const unreadable = new Set(await (exclusive === undefined ? rest() : exclusive(rest)));
  return {
    present: requests.map((_, position) => !unreadable.has(position)),
    read: table === undefined ? storeReader(store, keys) : tableReader(table, store.rowLength),
  };
}

/** Reads and checks every row of the store. @returns the positions that are missing or damaged */
async function storedRows(options: {
  readonly store: FeatureStore;
  readonly keys: readonly string[];
  readonly table: Float32Array | undefined;
}): Promise<number[]> {
  const { store, keys, table } = options;
  const piece = Math.max(1, Math.floor(PIECE_BYTES / (store.rowLength * 4)));
  const scratch = new Float32Array(table === undefined ? piece * store.rowLength : 0);
  const missing: number[] = [];
  for (let start = 0; start < keys.length; start += piece) {
    const some = keys.slice(start, start + piece);
    const into = table?.subarray(start * store.rowLength) ?? scratch;
    const bad = await store.read(some, into);
    missing.push(...bad.map((position) => start + position));
  }
  return missing;
}

/** @returns the positions whose images could not be decoded */
async function compute(
  work: FeatureWork,
  missing: readonly number[],
  rows: { readonly keys: readonly string[]; readonly table: Float32Array | undefined },
): Promise<number[]> {
  const { store, requests, emit } = work;
  const total = requests.length;
  if (missing.length === 0) return [];
  emit({ type: 'progress', task: 'features', done: total - missing.length, total, unit: 'images' });
  const unreadable = new Set(missing);
  const program = await work.prefix();
  try {
    const wanted = missing.map((position) => requests[position] as PixelRequest);
    let done = total - missing.length;
    for await (const { pixels, positions } of work.readPixels(wanted, work.batchSize, { total })) {
      const features = await runFull(program, { pixels, count: positions.length }, work.batchSize);
      for (const [i, at] of positions.entries()) {
        const position = missing[at] as number;
        const row = features.subarray(i * store.rowLength, (i + 1) * store.rowLength);
        rows.table?.set(row, position * store.rowLength);
        await store.add(rows.keys[position] as string, row);
        unreadable.delete(position);
      }
      done = Math.min(total, done + work.batchSize);
      emit({ type: 'progress', task: 'features', done, total, unit: 'images' });
      await nextTurn();
      if (work.signal.aborted) throw interrupted();
    }
  } finally {
    await program.release();
    await store.flush();
  }
  return [...unreadable];
}

/**
 * Runs a batch that is padded to its full size, so that the engine always takes the same path and the
 * features of an image do not depend on how many others were missing.
 */
export async function runFull(
  program: ForwardProgram,
  batch: { readonly pixels: Uint8Array; readonly count: number },
  batchSize: number,
): Promise<Float32Array> {
  const { pixels, count } = batch;
  if (count === 0) return new Float32Array();
  if (count === batchSize) return program.run(pixels, count);
  const full = new Uint8Array((pixels.length / count) * batchSize);
  full.set(pixels);
  return program.run(full, batchSize);
}

function interrupted(): Error {
  return interruptedError('interrupted while the frozen layers ran over the images', {
    fix: 'what was computed is in the cache: go on with --resume',
  });
}

function tableReader(table: Float32Array, rowLength: number): FeatureTable['read'] {
  return async (positions, into) => {
    positions.forEach((position, i) => {
      into.set(table.subarray(position * rowLength, (position + 1) * rowLength), i * rowLength);
    });
  };
}

function storeReader(store: FeatureStore, keys: readonly string[]): FeatureTable['read'] {
  return async (positions, into) => {
    const bad = await store.read(
      positions.map((position) => keys[position] as string),
      into,
    );
    if (bad.length > 0) {
      throw new Error(`${bad.length} rows of the feature cache changed while they were in use`);
    }
  };
}

/**
 * The features of a set of images as training rows. An image that could not be decoded in any one of
 * its views is left out: its row in that view would be zeros.
 */
export function featureSource(options: {
  readonly images: readonly ImageEntry[];
  /** The requests of view v are [v * images.length, (v + 1) * images.length). */
  readonly table: FeatureTable;
  readonly views: number;
  readonly rowLength: number;
}): ImageRows {
  const { images, table, views, rowLength } = options;
  const kept = images
    .map((_, at) => at)
    .filter((at) => range(views).every((view) => table.present[view * images.length + at]));
  const present = kept.map((at) => images[at] as ImageEntry);
  return {
    images: present,
    labels: present.map(({ label }) => label),
    async *batches(order, { batchSize, epoch }) {
      const offset = (epoch % views) * images.length;
      const buffers = [0, 1].map(() => new Float32Array(batchSize * rowLength));
      const load = async (positions: readonly number[], turn: number) => {
        const into = buffers[turn % 2] as Float32Array;
        await table.read(
          positions.map((position) => offset + (kept[position] as number)),
          into,
        );
        return { rows: into.subarray(0, positions.length * rowLength), positions };
      };
      // The next batch is read while this one is in use; the disk works beside the engine.
      const pieces = piecesOf(order, batchSize);
      let next = pieces[0] === undefined ? undefined : load(pieces[0], 0);
      for (const [turn] of pieces.entries()) {
        const batch = await next;
        const following = pieces[turn + 1];
        next = following === undefined ? undefined : load(following, turn + 1);
        // A reader that stops early leaves this promise alone: it must not count as unhandled.
        next?.catch(() => {});
        if (batch !== undefined) yield batch;
      }
    },
  };
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
