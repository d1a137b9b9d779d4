import { dataError } from '../base/errors.ts';
import { type ByteSource, readRange } from './byte-source.ts';

/**
 * The part of HDF5 that Keras writes: superblocks 0 and 1, groups with symbol tables, version 1
 * object headers, attributes in the header, contiguous data. Numbers are little-endian, addresses
 * have eight bytes. The C library is not used because a damaged file can hang or abort it.
 * https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html
 */
export interface Hdf5Message {
  readonly type: number;
  readonly body: Fields;
}

export interface Hdf5File {
  readonly source: ByteSource;
  /** Address of the root group's header. */
  readonly root: number;
  /** How much of the index may still be read: a file whose pieces point at each other ends there. */
  budget: number;
}

export const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** Bytes; a Keras file's index has some 100 kB. Each piece counts as a page at least. */
const BUDGET = 2 ** 26;
const PAGE_BYTES = 2 ** 11;
/** Headers, tables and heaps of a Keras file have some kB. */
const MAX_PIECE_BYTES = 2 ** 20;

const MESSAGE_CONTINUATION = 0x10;
const MESSAGE_SYMBOL_TABLE = 0x11;

/** @throws VggtuneError (data) when it is not an HDF5 file, or a form that Keras does not write */
export async function openHdf5(source: ByteSource): Promise<Hdf5File> {
  const fields = new Fields(source, await readRange(source, 0, Math.min(source.size, 128)));
  if (!fields.bytes(8).equals(HDF5_SIGNATURE)) throw damagedHdf5(source, 'no HDF5 signature');
  const version = fields.u8();
  if (version > 1) throw unsupportedHdf5(source, `a superblock of version ${version}`);
  fields.skip(4);
  const [offsetBytes, lengthBytes] = [fields.u8(), fields.u8()];
  if (offsetBytes !== 8 || lengthBytes !== 8) {
    throw unsupportedHdf5(source, `addresses of ${offsetBytes} bytes`);
  }
  // Reserved, the group's K values and flags; version 1 has four bytes more. Then base, free space,
  // end and driver addresses, and the root's entry, which starts with the offset of its name.
  fields.skip(9 + (version === 1 ? 4 : 0));
  if (fields.u64() !== 0) throw unsupportedHdf5(source, 'a base address');
  fields.skip(24 + 8);
  return { source, root: fields.u64(), budget: BUDGET };
}

/** The messages of an object: its type, shape, place, attributes. */
export async function readMessages(file: Hdf5File, address: number): Promise<Hdf5Message[]> {
  const prefix = await readPiece(file, address, 16);
  const version = prefix.u8();
  if (version !== 1) throw unsupportedHdf5(file.source, `an object header of version ${version}`);
  prefix.skip(7);
  const blocks = [{ start: address + 16, length: prefix.u32() }];
  const messages: Hdf5Message[] = [];
  for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
    const fields = await readPiece(file, block.start, block.length);
    while (fields.left >= 8) {
      const type = fields.u16();
      const size = fields.u16();
      fields.skip(4);
      const body = new Fields(file.source, fields.bytes(size));
      if (type === MESSAGE_CONTINUATION) blocks.push({ start: body.u64(), length: body.u64() });
      else messages.push({ type, body });
    }
  }
  return messages;
}

/** What a group holds: names and the addresses of their headers. */
export async function readGroup(file: Hdf5File, address: number): Promise<Map<string, number>> {
  const table = (await readMessages(file, address)).find(
    ({ type }) => type === MESSAGE_SYMBOL_TABLE,
  );
  if (table === undefined) throw unsupportedHdf5(file.source, 'a group without a symbol table');
  const tree = table.body.u64();
  const names = await readLocalHeap(file, table.body.u64());
  const members = new Map<string, number>();
  await readTree({ file, names, members }, tree);
  return members;
}

interface GroupWalk {
  readonly file: Hdf5File;
  readonly names: Buffer;
  readonly members: Map<string, number>;
}

async function readLocalHeap(file: Hdf5File, address: number): Promise<Buffer> {
  const heap = await readPiece(file, address, 32);
  heap.expect('HEAP');
  heap.skip(4);
  const size = heap.u64();
  heap.skip(8);
  const data = await readPiece(file, heap.u64(), size);
  return data.bytes(size);
}

/** A B-tree of names: leaves point to symbol nodes. Deeper trees than two levels are not walked. */
async function readTree(walk: GroupWalk, root: number): Promise<void> {
  const addresses = [root];
  for (let address = addresses.shift(); address !== undefined; address = addresses.shift()) {
    const head = await readPiece(walk.file, address, 24);
    head.expect('TREE');
    const type = head.u8();
    const level = head.u8();
    if (type !== 0) throw damagedHdf5(walk.file.source, 'a group whose tree is not one of names');
    const count = head.u16();
    const rows = await readPiece(walk.file, address + 24, count * 16 + 8);
    for (let row = 0; row < count; row++) {
      rows.skip(8);
      const child = rows.u64();
      if (level > 0) addresses.push(child);
      else await readSymbols(walk, child);
    }
  }
}

async function readSymbols(walk: GroupWalk, address: number): Promise<void> {
  const head = await readPiece(walk.file, address, 8);
  head.expect('SNOD');
  head.skip(2);
  const count = head.u16();
  const rows = await readPiece(walk.file, address + 8, count * 40);
  for (let row = 0; row < count; row++) {
    const start = rows.u64();
    const header = rows.u64();
    rows.skip(24);
    const end = walk.names.indexOf(0, start);
    if (start >= walk.names.length || end < 0) {
      throw damagedHdf5(walk.file.source, 'a name outside of its heap');
    }
    walk.members.set(walk.names.toString('utf8', start, end), header);
  }
}

/** A piece of the file's index. @throws VggtuneError (data) when it is too large, or one too many */
export async function readPiece(file: Hdf5File, start: number, length: number): Promise<Fields> {
  file.budget -= Math.max(PAGE_BYTES, length);
  if (file.budget < 0) throw damagedHdf5(file.source, `an index of more than ${BUDGET} bytes`);
  if (length > MAX_PIECE_BYTES) throw damagedHdf5(file.source, `a piece of ${length} bytes`);
  return new Fields(file.source, await readRange(file.source, start, length));
}

/** Numbers one after the other; running out of bytes is a typed error. */
export class Fields {
  private at = 0;
  private readonly content: Buffer;
  private readonly source: ByteSource;

  constructor(source: ByteSource, bytes: Uint8Array) {
    this.source = source;
    this.content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.content.length - this.at;
  }

  /** The same bytes, to be read from their start. */
  copy(): Fields {
    return new Fields(this.source, this.content);
  }

  bytes(length: number): Buffer {
    if (!(length >= 0) || length > this.left)
      throw damagedHdf5(this.source, 'a record that is cut off');
    this.at += length;
    return this.content.subarray(this.at - length, this.at);
  }

  skip(length: number): void {
    this.bytes(length);
  }

  expect(signature: string): void {
    const found = this.bytes(4).toString('latin1');
    if (found !== signature) throw damagedHdf5(this.source, `no ${signature} where one is needed`);
  }

  u8 = () => this.bytes(1).readUInt8();
  u16 = () => this.bytes(2).readUInt16LE();
  u32 = () => this.bytes(4).readUInt32LE();
  /** Exact up to 2^53; what is larger is out of every range anyway. */
  u64 = () => Number(this.bytes(8).readBigUInt64LE());
}

export function damagedHdf5(source: ByteSource, found: string): Error {
  return dataError(`${source.where} is not a whole Keras weights file`, {
    expected: 'an HDF5 file as Keras writes it',
    found,
    where: source.where,
    fix: 'copy or download the file again',
  });
}

export function unsupportedHdf5(source: ByteSource, found: string): Error {
  return dataError(`${source.where} uses a form of HDF5 that is not supported`, {
    expected: 'old-style groups and contiguous data, as Keras and h5py write by default',
    found,
    where: source.where,
    fix: 'save the weights again with model.save_weights("name.h5"), without compression',
  });
}
