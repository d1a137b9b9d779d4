import { type Shape, sizeOf, type Tensor } from '../../base/tensor.ts';
import { memorySource, readRange } from '../byte-source.ts';
import { isFloatType, readFloats } from '../dtype.ts';
import { type ChunkPlace, chunkPlaces } from './chunk-index.ts';
import type { Chunked, Hdf5Dataset } from './dataset.ts';
import { damagedHdf5, type Hdf5File, refreshed } from './file.ts';
import { unfiltered } from './filters.ts';

/** An array as float32, wherever and however it lies in the file. @throws VggtuneError (data) */
export async function readDataset(
  file: Hdf5File,
  name: string,
  dataset: Hdf5Dataset,
): Promise<Tensor> {
  const { storage, dtype, shape } = dataset;
  const { source } = file;
  if (storage.kind === 'contiguous') {
    return readFloats(source, { name, dtype, shape, start: storage.start });
  }
  // Elements that are no floats are refused before anything is read.
  const bytes = isFloatType(dtype) ? await assembled(file, dataset) : new Uint8Array();
  return readFloats(memorySource(bytes, source.where), { name, dtype, shape, start: 0 });
}

async function assembled(file: Hdf5File, dataset: Hdf5Dataset): Promise<Uint8Array> {
  const { storage, shape, elementBytes, fill } = dataset;
  // Of its own, since floats are read through views that begin with a buffer.
  const bytes = new Uint8Array(sizeOf(shape) * elementBytes);
  if (fill !== undefined && storage.kind !== 'compact') {
    for (let at = 0; at < bytes.length; at += elementBytes) bytes.set(fill, at);
  }
  if (storage.kind === 'compact') bytes.set(storage.bytes.subarray(0, bytes.length));
  if (storage.kind !== 'chunked') return bytes;
  const own = refreshed(file);
  for (const place of await chunkPlaces(own, dataset, storage)) {
    if (place.offset.some((start, axis) => start >= (shape[axis] ?? 0))) continue;
    const chunk = await readChunk(own, { dataset, storage, place });
    copyChunk({ bytes, shape, elementBytes }, { bytes: chunk, shape: storage.chunk }, place.offset);
  }
  return bytes;
}

async function readChunk(
  { source }: Hdf5File,
  request: { dataset: Hdf5Dataset; storage: Chunked; place: ChunkPlace },
): Promise<Buffer> {
  const { dataset, storage, place } = request;
  const plainBytes = sizeOf(storage.chunk) * dataset.elementBytes;
  // Deflate makes what it cannot shrink a little longer.
  if (place.bytes > plainBytes + plainBytes / 100 + 1024) {
    throw damagedHdf5(source, `a chunk of ${place.bytes} bytes where ${plainBytes} are due`);
  }
  const bytes = Buffer.from((await readRange(source, place.address, place.bytes)).buffer);
  const { filters, plainEdges } = storage;
  const over = place.offset.some(
    (start, axis) => start + (storage.chunk[axis] ?? 0) > (dataset.shape[axis] ?? 0),
  );
  const { mask } = place;
  return unfiltered(source, plainEdges && over ? [] : filters, { bytes, mask, plainBytes });
}

interface Block {
  readonly bytes: Uint8Array;
  readonly shape: Shape;
}

/** Copies the part of a chunk that lies within the array, row by row. */
function copyChunk(
  into: Block & { elementBytes: number },
  chunk: Block,
  offset: readonly number[],
): void {
  const { elementBytes } = into;
  const rank = into.shape.length;
  const copyAxis = (axis: number, from: number, to: number): void => {
    const [size = 1, whole = 1, start = 0] = [chunk.shape[axis], into.shape[axis], offset[axis]];
    const count = Math.min(size, whole - start);
    if (axis >= rank - 1) {
      const first = from * size * elementBytes;
      const part = chunk.bytes.subarray(first, first + count * elementBytes);
      into.bytes.set(part, (to * whole + start) * elementBytes);
      return;
    }
    for (let row = 0; row < count; row++)
      copyAxis(axis + 1, from * size + row, to * whole + start + row);
  };
  copyAxis(0, 0, 0);
}
