import { sizeOf } from '../../base/tensor.ts';
import { expectRange } from '../byte-source.ts';
import { readArrayEntries } from './chunk-array.ts';
import type { Chunked, Hdf5Dataset } from './dataset.ts';
import { damagedHdf5, type Hdf5File, readPiece, UNDEFINED_ADDRESS } from './file.ts';
import { readTree2 } from './tree2.ts';

/** A chunk that was written. */
export interface ChunkPlace {
  /** The offset of its first element along each axis. */
  readonly offset: readonly number[];
  readonly address: number;
  /** In the file. */
  readonly bytes: number;
  /** Bit i says that filter i was left out. */
  readonly mask: number;
}

/** The chunks of an array that were written, by whichever index it has. @throws VggtuneError (data) */
export async function chunkPlaces(
  file: Hdf5File,
  dataset: Hdf5Dataset,
  storage: Chunked,
): Promise<readonly ChunkPlace[]> {
  const plainBytes = sizeOf(storage.chunk) * dataset.elementBytes;
  const places = await placesOf({ file, dataset, storage, plainBytes });
  // A chunk that is named again and again is inflated as often: of a small file for hours.
  const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
  if (bytes <= file.source.size) return places;
  throw damagedHdf5(
    file.source,
    `chunks of ${bytes} bytes in all in a file of ${file.source.size}`,
  );
}

function placesOf(context: IndexContext): Promise<ChunkPlace[]> | ChunkPlace[] {
  const { storage, plainBytes } = context;
  const { index } = storage;
  switch (index.kind) {
    case 'tree':
      return treePlaces(context, index.address);
    case 'tree2':
      return tree2Places(context, index.address);
    case 'single':
      return [
        {
          offset: storage.chunk.map(() => 0),
          address: index.address,
          bytes: index.bytes ?? plainBytes,
          mask: index.mask,
        },
      ];
    case 'implicit':
      return implicitPlaces(context, index.address);
    case 'fixed-array':
    case 'extensible-array':
      return arrayPlaces(context, index);
  }
}

interface IndexContext {
  readonly file: Hdf5File;
  readonly dataset: Hdf5Dataset;
  readonly storage: Chunked;
  /** The bytes of a chunk without filters. */
  readonly plainBytes: number;
}

/** Section III.A.1: keys have a chunk's size in the file, its mask and its offset. */
async function treePlaces(context: IndexContext, root: number): Promise<ChunkPlace[]> {
  const { file, storage } = context;
  const axes = storage.chunk.length;
  const rowBytes = 8 + (axes + 1) * 8 + 8;
  const places: ChunkPlace[] = [];
  const addresses = [root];
  let bytesLeft = file.source.size;
  for (let address = addresses.shift(); address !== undefined; address = addresses.shift()) {
    const head = await readPiece(file, address, 24);
    head.expect('TREE');
    if (head.u8() !== 1) throw damagedHdf5(file.source, 'chunks whose tree is not one of chunks');
    const level = head.u8();
    const count = head.u16();
    bytesLeft -= 24 + count * rowBytes;
    if (bytesLeft < 0) throw damagedHdf5(file.source, 'a tree that is larger than the file');
    const rows = await readPiece(file, address + 24, count * rowBytes);
    for (let row = 0; row < count; row++) {
      const [bytes, mask] = [rows.u32(), rows.u32()];
      const offset = Array.from({ length: axes }, () => rows.u64());
      rows.skip(8);
      const child = rows.u64();
      if (level > 0) addresses.push(child);
      else places.push({ offset, address: child, bytes, mask });
    }
  }
  return places;
}

const FILTERED_CHUNKS = 11;

async function tree2Places(context: IndexContext, address: number): Promise<ChunkPlace[]> {
  const { storage, plainBytes } = context;
  const { type, recordBytes, records } = await readTree2(context.file, address);
  const filtered = type === FILTERED_CHUNKS;
  const sizeBytes = recordBytes - 12 - 8 * storage.chunk.length;
  return records.map((record) => {
    const place = record.u64();
    const bytes = filtered ? record.uint(sizeBytes) : plainBytes;
    const mask = filtered ? record.u32() : 0;
    const offset = storage.chunk.map((size) => record.u64() * size);
    return { offset, address: place, bytes, mask };
  });
}

/** All chunks lie one after the other. */
function implicitPlaces(context: IndexContext, address: number): ChunkPlace[] {
  const { file, storage, plainBytes } = context;
  const { chunk, limits } = storage;
  const count = sizeOf(limits.map((size, axis) => Math.ceil(size / (chunk[axis] ?? 1))));
  expectRange(file.source, address, count * plainBytes);
  return Array.from({ length: count }, (_, index) => ({
    offset: offsetOf(context, index),
    address: address + index * plainBytes,
    bytes: plainBytes,
    mask: 0,
  }));
}

async function arrayPlaces(
  context: IndexContext,
  index: { kind: 'fixed-array' | 'extensible-array'; address: number },
): Promise<ChunkPlace[]> {
  const places: ChunkPlace[] = [];
  for (const entry of await readArrayEntries(context.file, index)) {
    if (entry.address >= UNDEFINED_ADDRESS) continue;
    const { address, mask, bytes = context.plainBytes } = entry;
    places.push({ offset: offsetOf(context, entry.index), address, mask, bytes });
  }
  return places;
}

/**
 * Chunks are counted in the order of the axes, up to their limits. An axis without a limit comes first,
 * so that the number of a chunk stays when the array grows.
 */
function offsetOf({ storage }: IndexContext, index: number): number[] {
  const { chunk, limits } = storage;
  const endless = limits.indexOf(Number.POSITIVE_INFINITY);
  const axes = chunk.map((_, axis) => axis).filter((axis) => axis !== endless);
  const order = endless < 0 ? axes : [endless, ...axes];
  const offset = chunk.map(() => 0);
  let rest = index;
  for (const axis of order.reverse()) {
    const size = chunk[axis] ?? 1;
    const count = Math.max(1, Math.ceil((limits[axis] ?? 1) / size));
    const first = axis === endless;
    offset[axis] = (first ? rest : rest % count) * size;
    rest = first ? 0 : Math.floor(rest / count);
  }
  return offset;
}
