import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { ByteSource } from '../byte-source.ts';
import type { TensorInfo } from '../tensor-file.ts';
import { dataspaceOf, typeOf } from './datatype.ts';
import {
  damagedHdf5,
  type Fields,
  type Hdf5File,
  UNDEFINED_ADDRESS,
  unsupportedHdf5,
} from './file.ts';
import { type Filter, filtersOf, isDeflate } from './filters.ts';
import { findMessage, type Hdf5Message, MESSAGES } from './object-header.ts';

/** How the index of chunks is written (section IV.A.2.i). */
export type ChunkIndex =
  | { readonly kind: 'tree'; readonly address: number }
  | {
      readonly kind: 'single';
      readonly address: number;
      /** In the file; undefined where it is a chunk's own. */
      readonly bytes: number | undefined;
      readonly mask: number;
    }
  | { readonly kind: 'implicit'; readonly address: number }
  | { readonly kind: 'fixed-array'; readonly address: number }
  | { readonly kind: 'extensible-array'; readonly address: number }
  | { readonly kind: 'tree2'; readonly address: number };

export interface Chunked {
  readonly kind: 'chunked';
  /** The shape of a chunk, in elements. */
  readonly chunk: Shape;
  readonly limits: Shape;
  readonly filters: readonly Filter[];
  /** Chunks that reach over an edge are not filtered. */
  readonly plainEdges: boolean;
  readonly index: ChunkIndex;
}

export type Storage =
  | { readonly kind: 'contiguous'; readonly start: number }
  | { readonly kind: 'compact'; readonly bytes: Uint8Array }
  /** Nothing was written: all elements have the fill value. */
  | { readonly kind: 'absent' }
  | Chunked;

export interface Hdf5Dataset extends TensorInfo {
  /** Bytes of an element. */
  readonly elementBytes: number;
  readonly storage: Storage;
  /** The bytes of an element that was never written; undefined for zeros. */
  readonly fill: Uint8Array | undefined;
}

/** Deflate shrinks at most by this factor, so that a file cannot hold more. */
const MAX_DEFLATION = 1032;
/** So large an array may be anyway: of what was never written a file has nothing. */
const SMALL_BYTES = 2 ** 24;

/**
 * The type, shape and location of an array; undefined for an object that is not an array.
 * @throws VggtuneError (data)
 */
export function datasetOf(
  { source }: Hdf5File,
  messages: readonly Hdf5Message[],
): Hdf5Dataset | undefined {
  const [space, type, layout] = [MESSAGES.dataspace, MESSAGES.datatype, MESSAGES.layout].map(
    (wanted) => findMessage(messages, wanted),
  );
  if (space === undefined || type === undefined || layout === undefined) return undefined;
  const { shape, limits } = dataspaceOf(source, space);
  const { dtype, size } = typeOf(type);
  const filters = filtersOf(source, findMessage(messages, MESSAGES.filters));
  const array: ArrayForm = { source, shape, limits, elementBytes: size, filters };
  expectPlausible(array, sizeOf(shape) * size);
  const storage = storageOf(array, layout);
  return { shape, dtype, elementBytes: size, storage, fill: fillOf(messages, size) };
}

interface ArrayForm {
  readonly source: ByteSource;
  readonly shape: Shape;
  readonly limits: Shape;
  readonly elementBytes: number;
  readonly filters: readonly Filter[];
}

/** Checks the size before memory is allocated: an array that is not compressed is as large as what the file has of it. */
function expectPlausible({ source, shape, filters }: ArrayForm, bytes: number): void {
  const most = source.size * (filters.some(isDeflate) ? MAX_DEFLATION : 1);
  if (bytes <= Math.max(SMALL_BYTES, most)) return;
  throw damagedHdf5(source, `an array of shape [${shape}] in a file of ${source.size} bytes`);
}

function storageOf(array: ArrayForm, layout: Fields): Storage {
  const { source } = array;
  const version = layout.u8();
  if (version < 3 || version > 5) throw unsupportedHdf5(source, `a layout of version ${version}`);
  const kind = layout.u8();
  switch (kind) {
    case 0:
      return compact(array, layout.bytes(layout.u16()));
    case 1:
      return contiguous(array, layout);
    case 2:
      return version === 3 ? chunkedByTree(array, layout) : chunked(array, layout);
    default:
      throw unsupportedHdf5(source, kind === 3 ? 'a virtual array' : `a layout of class ${kind}`);
  }
}

function compact({ source, shape, elementBytes }: ArrayForm, bytes: Uint8Array): Storage {
  if (bytes.length < sizeOf(shape) * elementBytes) throw shortArray(source, shape, bytes.length);
  return { kind: 'compact', bytes };
}

function contiguous({ source, shape, elementBytes }: ArrayForm, layout: Fields): Storage {
  const [start, bytes] = [layout.u64(), layout.u64()];
  if (start >= UNDEFINED_ADDRESS || sizeOf(shape) === 0) return { kind: 'absent' };
  if (bytes < sizeOf(shape) * elementBytes || start + bytes > source.size) {
    throw shortArray(source, shape, bytes);
  }
  return { kind: 'contiguous', start };
}

const shortArray = (source: ByteSource, shape: Shape, bytes: number) =>
  damagedHdf5(source, `an array of shape [${shape}] in ${bytes} bytes`);

function chunkedByTree(array: ArrayForm, layout: Fields): Storage {
  const axes = layout.u8();
  const address = layout.u64();
  const chunk = Array.from({ length: axes }, () => layout.u32());
  return chunkedStorage(array, { sizes: chunk, flags: 0, index: { kind: 'tree', address } });
}

const PLAIN_EDGES = 1;
const SINGLE_FILTERED = 2;

function chunked(array: ArrayForm, layout: Fields): Storage {
  const [flags, axes, sizeBytes] = [layout.u8(), layout.u8(), layout.u8()];
  if (sizeBytes > 8) throw damagedHdf5(array.source, 'sizes of chunks that are too wide');
  const sizes = Array.from({ length: axes }, () => layout.uint(sizeBytes));
  return chunkedStorage(array, { sizes, flags, index: indexOf(array.source, layout, flags) });
}

function indexOf(source: ByteSource, layout: Fields, flags: number): ChunkIndex {
  const type = layout.u8();
  switch (type) {
    case 1: {
      const filtered = (flags & SINGLE_FILTERED) !== 0;
      const [bytes, mask] = filtered ? [layout.u64(), layout.u32()] : [undefined, 0];
      return { kind: 'single', bytes, mask, address: layout.u64() };
    }
    case 2:
      return { kind: 'implicit', address: layout.u64() };
    case 3:
      layout.skip(1);
      return { kind: 'fixed-array', address: layout.u64() };
    case 4:
      layout.skip(5);
      return { kind: 'extensible-array', address: layout.u64() };
    case 5:
      layout.skip(6);
      return { kind: 'tree2', address: layout.u64() };
    default:
      throw unsupportedHdf5(source, `an index of chunks of type ${type}`);
  }
}

/** The last of the sizes is that of an element, in bytes. */
function chunkedStorage(
  array: ArrayForm,
  { sizes, flags, index }: { sizes: Shape; flags: number; index: ChunkIndex },
): Storage {
  const { source, shape, limits, filters, elementBytes } = array;
  const chunk = sizes.slice(0, -1);
  if (chunk.length !== shape.length || chunk.some((size) => size < 1)) {
    throw damagedHdf5(source, `chunks of [${chunk}] in an array of shape [${shape}]`);
  }
  expectPlausible(array, sizeOf(chunk) * elementBytes);
  if (index.address >= UNDEFINED_ADDRESS || sizeOf(shape) === 0) return { kind: 'absent' };
  const plainEdges = (flags & PLAIN_EDGES) !== 0;
  return { kind: 'chunked', chunk, limits, filters, plainEdges, index };
}

/** Sections IV.A.2.e and IV.A.2.f. */
function fillOf(messages: readonly Hdf5Message[], elementBytes: number): Uint8Array | undefined {
  const message = findMessage(messages, MESSAGES.fillValue);
  if (message === undefined) return undefined;
  const version = message.u8();
  const flags = version === 3 ? message.u8() : message.bytes(3).readUInt8(2) << 5;
  if ((flags & 0x20) === 0) return undefined;
  const bytes = message.bytes(message.u32());
  return bytes.length === elementBytes ? bytes : undefined;
}
