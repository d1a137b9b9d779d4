import { dataError } from '../../base/errors.ts';
import { type ByteSource, readRange } from '../byte-source.ts';

/**
 * Reads HDF5 files as HDF5 1.0 to 2.0 write them: superblocks 0 to 3, with addresses of eight bytes.
 * Numbers are little-endian. Section numbers in this folder are those of the file format specification,
 * https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
 */
export interface Hdf5File {
  readonly source: ByteSource;
  /** Address of the root group's header. */
  readonly root: number;
  /** How much of the index may still be read: a file whose pieces point at each other ends there. */
  budget: number;
}

export const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** The address of what was never written: all bits are set. */
export const UNDEFINED_ADDRESS = 2 ** 64;
/** Bytes; the index of a Keras file has some 100 kB. Each piece counts as a page at least. */
const BUDGET = 2 ** 26;
const PAGE_BYTES = 2 ** 11;
/** What a record counts, beside the piece that it is in: a million of them are read in a second or two. */
const RECORD_BYTES = 2 ** 6;
/** Headers, tables and heaps of a Keras file have some kB. */
const MAX_PIECE_BYTES = 2 ** 20;

/** Section II.A. @throws VggtuneError (data) when it is not an HDF5 file, or a form that is not read */
export async function openHdf5(source: ByteSource): Promise<Hdf5File> {
  const fields = new Fields(source, await readRange(source, 0, Math.min(source.size, 128)));
  if (!fields.bytes(8).equals(HDF5_SIGNATURE)) throw damagedHdf5(source, 'no HDF5 signature');
  const version = fields.u8();
  if (version > 3) throw unsupportedHdf5(source, `a superblock of version ${version}`);
  if (version < 2) fields.skip(4);
  const [offsetBytes, lengthBytes] = [fields.u8(), fields.u8()];
  if (offsetBytes !== 8 || lengthBytes !== 8) {
    throw unsupportedHdf5(source, `addresses of ${offsetBytes} bytes`);
  }
  // Flags; up to version 1 they come after the ranks of trees, and version 1 has four bytes more.
  fields.skip({ 0: 9, 1: 13 }[version] ?? 1);
  if (fields.u64() !== 0) throw unsupportedHdf5(source, 'a base address');
  // The address of free space or an extension; behind the end, up to version 1, that of a driver, and then the root's
  // entry, which starts with the offset of its name.
  fields.skip(8);
  const end = fields.u64();
  if (end > source.size) {
    throw damagedHdf5(source, `${source.size} bytes of ${end}: it is cut off, or was not closed`);
  }
  fields.skip(version < 2 ? 16 : 0);
  return { source, root: fields.u64(), budget: BUDGET };
}

/** The same file with a budget of its own, for one more data set. */
export function refreshed({ source, root }: Hdf5File): Hdf5File {
  return { source, root, budget: BUDGET };
}

/** Takes from what may still be read. @throws VggtuneError (data) when nothing is left */
function spend(file: Hdf5File, bytes: number): void {
  file.budget -= bytes;
  if (file.budget < 0) throw damagedHdf5(file.source, `an index of more than ${BUDGET} bytes`);
}

/** A part of a piece as a record of its own, which takes more memory and time than its bytes say. */
export function recordOf(file: Hdf5File, bytes: Buffer): Fields {
  spend(file, RECORD_BYTES);
  return new Fields(file.source, bytes);
}

/** A piece of the file's index. @throws VggtuneError (data) when it is too large, or one too many */
export async function readPiece(file: Hdf5File, start: number, length: number): Promise<Fields> {
  spend(file, Math.max(PAGE_BYTES, length));
  if (length > MAX_PIECE_BYTES) throw damagedHdf5(file.source, `a piece of ${length} bytes`);
  return new Fields(file.source, await readRange(file.source, start, length));
}

/** A piece that begins with a signature of four letters and a version, both of which are passed over. */
export async function readBlock(
  file: Hdf5File,
  place: { readonly start: number; readonly length: number },
  signature: string,
): Promise<Fields> {
  const fields = await readPiece(file, place.start, place.length);
  fields.expect(signature);
  fields.skip(1);
  return fields;
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

  /** A number of up to eight bytes. Exact up to 2^53; what is larger is out of every range anyway. */
  uint(length: number): number {
    return this.bytes(length).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  u8 = () => this.bytes(1).readUInt8();
  u16 = () => this.bytes(2).readUInt16LE();
  u32 = () => this.bytes(4).readUInt32LE();
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
    expected: 'groups, attributes and arrays as Keras and h5py write them',
    found,
    where: source.where,
    fix: 'save the weights again with model.save_weights("name.weights.h5")',
  });
}
