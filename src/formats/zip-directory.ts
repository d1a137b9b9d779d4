import { dataError } from '../base/errors.ts';
import { type ByteSource, readRange } from './byte-source.ts';

/** A stored (uncompressed) member of a zip file. */
export interface ZipMember {
  /** Where its bytes start in the file. */
  readonly start: number;
  readonly size: number;
}

/** A row of the central directory. */
export interface ZipRow {
  readonly name: string;
  /** 0: stored; 8: deflated. */
  readonly method: number;
  /** Bytes, unpacked and packed. */
  readonly size: number;
  readonly packed: number;
  readonly crc32: number;
  readonly encrypted: boolean;
  /** The mode by which a Unix system packed it; zero where another system did. */
  readonly mode: number;
  /** Where its own header is. */
  readonly header: number;
}

/** APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16. */
const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
/** The upper one of the two bytes that say who made an entry. */
const UNIX = 3;
/** A state dict has a member a tensor; the limit keeps a hostile directory from filling the memory. */
const MAX_DIRECTORY_BYTES = 2 ** 24;

/** The members of a zip file, from its central directory alone. @throws VggtuneError (data) */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const rows = await readZipRows(source, MAX_DIRECTORY_BYTES);
  return new Map(rows.map((entry) => [entry.name, { locate: () => locate(source, entry) }]));
}

/**
 * What the central directory of a zip file says, row by row. @throws VggtuneError (data)
 * @param mostBytes that the directory may have
 */
export async function readZipRows(source: ByteSource, mostBytes: number): Promise<ZipRow[]> {
  const { start, size } = await findDirectory(source);
  if (size > mostBytes) throw damaged(source, `a directory of ${size} bytes`);
  const bytes = Buffer.from((await readRange(source, start, size)).buffer);
  const rows: ZipRow[] = [];
  let at = 0;
  while (at + 46 <= bytes.length && bytes.readUInt32LE(at) === ENTRY_SIGNATURE) {
    const lengths = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const end = at + 46 + lengths.reduce((sum, length) => sum + length, 0);
    if (end > bytes.length) throw damaged(source, 'a directory entry that is cut off');
    rows.push(parseEntry(bytes.subarray(at, end), lengths[0] ?? 0));
    at = end;
  }
  return rows;
}

/** Where the bytes of a member are, packed as they are. @throws VggtuneError (data) */
export async function locatePacked(source: ByteSource, row: ZipRow): Promise<ZipMember> {
  const local = Buffer.from((await readRange(source, row.header, 30)).buffer);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) {
    throw damaged(source, `no header of ${row.name} at byte ${row.header}`);
  }
  const start = row.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (start + row.packed > source.size) throw damaged(source, `${row.name} is cut off`);
  return { start, size: row.packed };
}

export interface ZipEntry {
  /** Reads the member's own header. @throws VggtuneError (data) when it is compressed or damaged */
  locate(): Promise<ZipMember>;
}

async function findDirectory(source: ByteSource): Promise<{ start: number; size: number }> {
  const tailBytes = Math.min(source.size, END_BYTES + 0xffff);
  const tailStart = source.size - tailBytes;
  const tail = Buffer.from((await readRange(source, tailStart, tailBytes)).buffer);
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
    const locator = await findDirectory64(source, tail, at - 20);
    return locator ?? { size: tail.readUInt32LE(at + 12), start: tail.readUInt32LE(at + 16) };
  }
  throw damaged(source, 'no directory at its end');
}

async function findDirectory64(
  source: ByteSource,
  tail: Buffer,
  at: number,
): Promise<{ start: number; size: number } | undefined> {
  if (at < 0 || tail.readUInt32LE(at) !== END64_LOCATOR_SIGNATURE) return undefined;
  const position = Number(tail.readBigUInt64LE(at + 8));
  const record = Buffer.from((await readRange(source, position, 56)).buffer);
  if (record.readUInt32LE(0) !== END64_SIGNATURE) throw damaged(source, 'no zip64 directory');
  return { size: Number(record.readBigUInt64LE(40)), start: Number(record.readBigUInt64LE(48)) };
}

function parseEntry(bytes: Buffer, nameLength: number): ZipRow {
  let size = bytes.readUInt32LE(24);
  let header = bytes.readUInt32LE(42);
  let packed = bytes.readUInt32LE(20);
  const extra = bytes.subarray(46 + nameLength);
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    // The zip64 field holds, in this order, those of the sizes and the offset that are all ones.
    let field = at + 4;
    const wide = (value: number): number => {
      if (value !== 0xffffffff || field + 8 > extra.length) return value;
      field += 8;
      return Number(extra.readBigUInt64LE(field - 8));
    };
    size = wide(size);
    packed = wide(packed);
    header = wide(header);
  }
  const name = bytes.toString('utf8', 46, 46 + nameLength);
  const unix = bytes.readUInt8(5) === UNIX;
  return {
    name,
    method: bytes.readUInt16LE(10),
    size,
    packed,
    crc32: bytes.readUInt32LE(16),
    encrypted: (bytes.readUInt16LE(8) & 1) === 1,
    mode: unix ? bytes.readUInt16LE(40) : 0,
    header,
  };
}

async function locate(source: ByteSource, entry: ZipRow): Promise<ZipMember> {
  if (entry.method !== 0) throw damaged(source, `${entry.name}, which is compressed`);
  return locatePacked(source, entry);
}

function damaged(source: ByteSource, found: string): Error {
  return dataError(`${source.where} is not a whole zip file of weights`, {
    expected: 'a zip file with stored members, as torch.save and model.save of Keras write it',
    found,
    where: source.where,
    fix: 'copy or download the file again, or save it again',
  });
}
