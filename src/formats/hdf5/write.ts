import { type Shape, sizeOf } from '../../base/tensor.ts';

/**
 * The part of HDF5 that weights need, written as a stream: groups and contiguous little-endian
 * float32 data sets, in the form that h5py writes by default and this folder reads (superblock 0,
 * groups with symbol tables, version 1 object headers). Sizes are known ahead, so every address is,
 * and one data set at a time is in memory.
 * https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html
 */
export interface Hdf5Dataset {
  readonly shape: Shape;
  /** Creates the data when it is written. */
  readonly data: () => Float32Array;
}

/** Names to groups or data sets. */
export type Hdf5Group = ReadonlyMap<string, Hdf5Group | Hdf5Dataset>;

const SUPERBLOCK_BYTES = 96;
const UNDEFINED_ADDRESS = 0xffff_ffff_ffff_ffffn;
const SYMBOL_BYTES = 40;
/** A B-tree node has room for twice as many children; every group here needs but one. */
const TREE_RANK = 16;
const TREE_BYTES = 24 + (2 * TREE_RANK + 1) * 8 + 2 * TREE_RANK * 8;
const HEAP_HEAD_BYTES = 32;

/** Message types of section IV.A.2. */
const MESSAGES = {
  dataspace: 0x01,
  datatype: 0x03,
  fillValue: 0x05,
  layout: 0x08,
  symbolTable: 0x11,
} as const;

/** The bytes of a file, in pieces: the index, then each data set. */
export function* hdf5Chunks(root: Hdf5Group): Generator<Uint8Array> {
  const plan = planOf(root);
  yield indexOf(root, plan);
  let at = plan.dataStart;
  for (const [dataset, address] of plan.data) {
    if (address > at) yield new Uint8Array(address - at);
    const values = dataset.data();
    if (values.length !== sizeOf(dataset.shape)) {
      throw new RangeError(`[${dataset.shape}] elements expected, not ${values.length}`);
    }
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    at = address + values.byteLength;
  }
}

type Hdf5Object = Hdf5Group | Hdf5Dataset;

interface Plan {
  /** Where each object's header is; a group's tree, heap and symbols follow its header. */
  readonly headers: ReadonlyMap<Hdf5Object, number>;
  readonly data: ReadonlyMap<Hdf5Dataset, number>;
  /** A symbol node has room for twice as many names. */
  readonly leafRank: number;
  readonly dataStart: number;
  readonly end: number;
}

function planOf(root: Hdf5Group): Plan {
  const objects = objectsOf(root);
  const names = objects.map((object) => (isGroup(object) ? object.size : 0));
  const empty: Plan = {
    headers: new Map(),
    data: new Map(),
    leafRank: Math.max(4, Math.ceil(Math.max(...names) / 2)),
    dataStart: 0,
    end: 0,
  };
  // The pieces' lengths do not depend on the addresses in them.
  const headers = new Map<Hdf5Object, number>();
  let at = SUPERBLOCK_BYTES;
  for (const object of objects) {
    headers.set(object, at);
    at += pieceOf(object, empty).length;
  }
  const dataStart = at;
  const data = new Map<Hdf5Dataset, number>();
  let end = at;
  for (const object of objects) {
    if (isGroup(object)) continue;
    data.set(object, at);
    end = at + 4 * sizeOf(object.shape);
    at = aligned(end);
  }
  return { ...empty, headers, data, dataStart, end };
}

const aligned = (at: number) => Math.ceil(at / 8) * 8;

function isGroup(object: Hdf5Object): object is Hdf5Group {
  return object instanceof Map;
}

function objectsOf(group: Hdf5Group): Hdf5Object[] {
  const inner = [...group.values()].map((child) => (isGroup(child) ? objectsOf(child) : [child]));
  return [group, ...inner.flat()];
}

function indexOf(root: Hdf5Group, plan: Plan): Uint8Array {
  const pieces = [...plan.headers.keys()].map((object) => pieceOf(object, plan));
  return Buffer.concat([superblock(root, plan), ...pieces]);
}

function superblock(root: Hdf5Group, plan: Plan): Buffer {
  const address = plan.headers.get(root) ?? 0;
  return Buffer.concat([
    Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'),
    // Versions of the superblock, free space, root entry and messages; bytes of offsets and lengths.
    Buffer.from([0, 0, 0, 0, 0, 8, 8, 0]),
    u16(plan.leafRank),
    u16(TREE_RANK),
    u32(0),
    u64(0),
    u64(UNDEFINED_ADDRESS),
    u64(plan.end),
    u64(UNDEFINED_ADDRESS),
    // The root's entry: no name, and its tree and heap repeated from its header.
    u64(0),
    u64(address),
    u32(1),
    u32(0),
    ...groupAddresses(address),
  ]);
}

function pieceOf(object: Hdf5Object, plan: Plan): Buffer {
  const address = plan.headers.get(object) ?? 0;
  return isGroup(object) ? groupPiece(object, plan, address) : datasetHeader(object, plan);
}

/** A group's header holds one message of 16 bytes. */
const GROUP_HEADER_BYTES = 16 + 8 + 16;

function groupAddresses(address: number): [Buffer, Buffer] {
  const tree = address + GROUP_HEADER_BYTES;
  return [u64(tree), u64(tree + TREE_BYTES)];
}

function groupPiece(group: Hdf5Group, plan: Plan, address: number): Buffer {
  // Sorted by bytes: readers search them.
  const members = [...group]
    .map(([name, child]) => ({ name: Buffer.from(name), child }))
    .sort((a, b) => Buffer.compare(a.name, b.name));
  const heap = nameHeap(members.map(({ name }) => name));
  const heapAddress = address + GROUP_HEADER_BYTES + TREE_BYTES;
  const symbolsAddress = heapAddress + HEAP_HEAD_BYTES + heap.bytes.length;
  const symbols = members.map(({ child }, index) =>
    Buffer.concat([
      u64(heap.offsets[index] ?? 0),
      u64(plan.headers.get(child) ?? 0),
      Buffer.alloc(SYMBOL_BYTES - 16),
    ]),
  );
  const tree = [treeHead(), u64(0), u64(symbolsAddress), u64(heap.offsets.at(-1) ?? 0)];
  return Buffer.concat([
    objectHeader([message(MESSAGES.symbolTable, Buffer.concat(groupAddresses(address)))]),
    padded(Buffer.concat(tree), TREE_BYTES),
    heapHead(heap.bytes.length, heapAddress + HEAP_HEAD_BYTES),
    heap.bytes,
    padded(
      Buffer.concat([Buffer.from('SNOD'), Buffer.from([1, 0]), u16(symbols.length), ...symbols]),
      8 + 2 * plan.leafRank * SYMBOL_BYTES,
    ),
  ]);
}

/** A leaf of a group's B-tree with one child and no siblings. */
function treeHead(): Buffer {
  const siblings = [u64(UNDEFINED_ADDRESS), u64(UNDEFINED_ADDRESS)];
  return Buffer.concat([Buffer.from('TREE'), Buffer.from([0, 0]), u16(1), ...siblings]);
}

function heapHead(length: number, dataAddress: number): Buffer {
  // 1 for the free list: there is none.
  const fields = [u64(length), u64(1), u64(dataAddress)];
  return Buffer.concat([Buffer.from('HEAP'), Buffer.from([0, 0, 0, 0]), ...fields]);
}

/** Names that end with a zero, each at a multiple of eight, after the empty name. */
function nameHeap(names: readonly Buffer[]): { bytes: Buffer; offsets: number[] } {
  const offsets: number[] = [];
  const parts: Buffer[] = [Buffer.alloc(8)];
  let at = 8;
  for (const name of names) {
    offsets.push(at);
    const part = padded(name, aligned(name.length + 1));
    parts.push(part);
    at += part.length;
  }
  return { bytes: Buffer.concat(parts), offsets };
}

function datasetHeader(dataset: Hdf5Dataset, plan: Plan): Buffer {
  const { shape } = dataset;
  const dataspace = [Buffer.from([1, shape.length, 0, 0, 0, 0, 0, 0]), ...shape.map(u64)];
  const layout = [
    // Version 3, contiguous.
    Buffer.from([3, 1]),
    u64(plan.data.get(dataset) ?? 0),
    u64(4 * sizeOf(shape)),
  ];
  return objectHeader([
    message(MESSAGES.dataspace, Buffer.concat(dataspace)),
    message(MESSAGES.datatype, FLOAT32),
    // Version 2; allocated late, written if set, none defined.
    message(MESSAGES.fillValue, Buffer.from([2, 2, 2, 0])),
    message(MESSAGES.layout, Buffer.concat(layout)),
  ]);
}

/** IEEE 754 single precision, little-endian: version 1, class 1 (floating point). */
const FLOAT32 = Buffer.concat([
  // Implied leading bit of the mantissa; the sign is bit 31.
  Buffer.from([0x11, 0x20, 31, 0]),
  u32(4),
  // Bit offset 0, 32 bits; exponent at 23 of 8 bits, mantissa at 0 of 23 bits; bias 127.
  u16(0),
  u16(32),
  Buffer.from([23, 8, 0, 23]),
  u32(127),
]);

function objectHeader(messages: readonly Buffer[]): Buffer {
  const body = Buffer.concat(messages);
  const head = [Buffer.from([1, 0]), u16(messages.length), u32(1), u32(body.length), u32(0)];
  return Buffer.concat([...head, body]);
}

function message(type: number, data: Buffer): Buffer {
  const length = aligned(data.length);
  return Buffer.concat([u16(type), u16(length), Buffer.alloc(4), padded(data, length)]);
}

function padded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
