import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { messageOf } from '../../base/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { damagedHdf5, type Fields, unsupportedHdf5 } from './file.ts';

/** A step of the pipeline through which chunks were written. */
export interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

const FILTERS = { deflate: 1, shuffle: 2, fletcher32: 3 } as const;
const OTHERS: Readonly<Record<number, string>> = {
  4: 'szip',
  5: 'n-bit',
  6: 'scale-offset',
  32000: 'LZF',
  32001: 'Blosc',
  32004: 'LZ4',
  32008: 'bitshuffle',
  32015: 'Zstandard',
};

/** Section IV.A.2.l. @throws VggtuneError (data) for a filter that is not read */
export function filtersOf(source: ByteSource, message: Fields | undefined): readonly Filter[] {
  if (message === undefined) return [];
  const version = message.u8();
  const count = message.u8();
  if (version === 1) message.skip(6);
  const filters: Filter[] = [];
  for (let index = 0; index < count; index++) {
    const id = message.u16();
    const nameBytes = version === 1 || id >= 256 ? message.u16() : 0;
    message.skip(2);
    const valueCount = message.u16();
    message.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    const values = Array.from({ length: valueCount }, () => message.u32());
    if (version === 1 && valueCount % 2 === 1) message.skip(4);
    filters.push({ id, values });
  }
  const strange = filters.find(({ id }) => !Object.values<number>(FILTERS).includes(id));
  if (strange === undefined) return filters;
  const name = OTHERS[strange.id] ?? `filter ${strange.id}`;
  throw unsupportedHdf5(source, `an array that is compressed by ${name}`);
}

/** Whether a filter makes an array smaller in the file than it is. */
export const isDeflate = ({ id }: Filter) => id === FILTERS.deflate;

export interface FilteredChunk {
  readonly bytes: Buffer;
  /** Bit i says that filter i was left out. */
  readonly mask: number;
  /** The size of the decoded chunk. */
  readonly plainBytes: number;
}

/**
 * Decodes a chunk: undoes the filters.
 * @throws VggtuneError (data) when it is damaged
 */
export async function unfiltered(
  source: ByteSource,
  filters: readonly Filter[],
  { bytes, mask, plainBytes }: FilteredChunk,
): Promise<Buffer> {
  let plain = bytes;
  for (const [index, { id, values }] of [...filters.entries()].reverse()) {
    if (((mask >>> index) & 1) !== 0) continue;
    if (id === FILTERS.deflate) plain = await inflated(source, plain, plainBytes);
    if (id === FILTERS.shuffle) plain = unshuffled(plain, values[0] ?? 1);
    if (id === FILTERS.fletcher32) plain = withoutChecksum(source, plain);
  }
  if (plain.length >= plainBytes) return plain;
  throw damagedHdf5(source, `a chunk of ${plain.length} bytes where ${plainBytes} are due`);
}

const inflateAsync = promisify(inflate);
/** A checksum that was written before compression is in the stream. */
const CHECKSUM_BYTES = 4;

async function inflated(source: ByteSource, bytes: Buffer, most: number): Promise<Buffer> {
  try {
    return await inflateAsync(bytes, { maxOutputLength: most + CHECKSUM_BYTES });
  } catch (error) {
    throw damagedHdf5(source, `a compressed chunk that is damaged: ${messageOf(error)}`);
  }
}

/** All first bytes of the elements, then all second ones, ...; what is left over is as it was. */
function unshuffled(bytes: Buffer, elementBytes: number): Buffer {
  if (elementBytes <= 1) return bytes;
  const count = Math.floor(bytes.length / elementBytes);
  const plain = Buffer.from(bytes);
  for (let place = 0; place < elementBytes && count > 0; place++) {
    for (let index = 0; index < count; index++) {
      plain[index * elementBytes + place] = bytes[place * count + index] ?? 0;
    }
  }
  return plain;
}

function withoutChecksum(source: ByteSource, bytes: Buffer): Buffer {
  const length = bytes.length - CHECKSUM_BYTES;
  if (length >= 0) {
    const plain = bytes.subarray(0, length);
    if (fletcher32(plain) === bytes.readUInt32LE(length)) return plain;
  }
  throw damagedHdf5(source, 'a chunk whose checksum is another');
}

/** Fletcher's checksum of big-endian words of 16 bits, as `H5_checksum_fletcher32` computes it. */
function fletcher32(bytes: Buffer): number {
  let [first, second] = [0, 0];
  for (let at = 0; at < bytes.length; at += 2) {
    const word = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    // Modulo 65535 by folding; zero stays zero, and a multiple of 65535 stays 65535.
    first = folded(first + word);
    second = folded(second + first);
  }
  return second * 2 ** 16 + first;
}

const folded = (sum: number) => (sum & 0xffff) + (sum >>> 16);
