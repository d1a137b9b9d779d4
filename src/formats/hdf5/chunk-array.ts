import {
  damagedHdf5,
  type Fields,
  type Hdf5File,
  readBlock,
  readPiece,
  UNDEFINED_ADDRESS,
} from './file.ts';

/** An entry of an array of chunks. */
export interface ArrayEntry {
  /** The number of the chunk. */
  readonly index: number;
  readonly address: number;
  /** In the file, where chunks are filtered. */
  readonly bytes: number | undefined;
  readonly mask: number;
}

const CHECKSUM_BYTES = 4;
/** What blocks begin with: a signature, a version, a client and the address of their header. */
const BLOCK_HEAD_BYTES = 14;

interface ArrayWalk {
  readonly file: Hdf5File;
  readonly filtered: boolean;
  readonly entryBytes: number;
  /** Blocks of more entries are divided into pages of so many. */
  readonly pageEntries: number;
  readonly entries: ArrayEntry[];
}

/** The entries of a fixed or an extensible array. @throws VggtuneError (data) */
export async function readArrayEntries(
  file: Hdf5File,
  { kind, address }: { kind: 'fixed-array' | 'extensible-array'; address: number },
): Promise<readonly ArrayEntry[]> {
  return kind === 'fixed-array' ? readFixedArray(file, address) : readExtensible(file, address);
}

/** Section III.H (fixed arrays). */
async function readFixedArray(file: Hdf5File, address: number): Promise<ArrayEntry[]> {
  const head = await readBlock(file, { start: address, length: 24 }, 'FAHD');
  const [filtered, entryBytes, pageBits] = [head.u8() === 1, head.u8(), head.u8()];
  const [count, block] = [head.u64(), head.u64()];
  const walk = walkOf({ file, filtered, entryBytes, pageEntries: 2 ** pageBits, entries: [] });
  if (block >= UNDEFINED_ADDRESS) return [];
  await expectBlock(file, block, 'FADB');
  const pages = pageCount(walk, count);
  const bitmapBytes = Math.ceil(pages / 8);
  const start = block + BLOCK_HEAD_BYTES;
  const bitmap = (await readPiece(file, start, bitmapBytes)).bytes(bitmapBytes);
  await readEntries(walk, {
    start: start + bitmapBytes,
    first: 0,
    count,
    written: { bitmap, start: 0 },
  });
  return walk.entries;
}

interface EntryRange {
  /** Where they lie; before the checksum of the head, where there are pages. */
  readonly start: number;
  /** The number of the first chunk. */
  readonly first: number;
  readonly count: number;
  /** Which pages were written. */
  readonly written: PageBits;
}

/** Bits of pages, the highest of a byte first. */
interface PageBits {
  readonly bitmap: Buffer;
  /** The bit of the first page. */
  readonly start: number;
}

function isWritten({ bitmap, start }: PageBits, page: number): boolean {
  const bit = start + page;
  return ((bitmap[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}

async function readEntries(walk: ArrayWalk, range: EntryRange): Promise<void> {
  const { start, first, count, written } = range;
  const pages = pageCount(walk, count);
  if (pages === 0) {
    addEntries(walk, await readPiece(walk.file, start, count * walk.entryBytes), first, count);
    return;
  }
  for (let page = 0; page < pages; page++) {
    if (!isWritten(written, page)) continue;
    const done = page * walk.pageEntries;
    const size = Math.min(walk.pageEntries, count - done);
    const at = start + CHECKSUM_BYTES + done * walk.entryBytes + page * CHECKSUM_BYTES;
    const fields = await readPiece(walk.file, at, size * walk.entryBytes);
    addEntries(walk, fields, first + done, size);
  }
}

/** Zero for a block that is not divided. */
function pageCount({ pageEntries }: ArrayWalk, count: number): number {
  return count <= pageEntries ? 0 : Math.ceil(count / pageEntries);
}

function addEntries(walk: ArrayWalk, fields: Fields, first: number, count: number): void {
  // Blocks that are pointed at again and again would hold more than the file does.
  if ((walk.entries.length + count) * walk.entryBytes > walk.file.source.size) {
    throw damagedHdf5(walk.file.source, 'an array of more chunks than the file has room for');
  }
  for (let index = first; index < first + count; index++) {
    const address = fields.u64();
    const bytes = walk.filtered ? fields.uint(walk.entryBytes - 12) : undefined;
    const mask = walk.filtered ? fields.u32() : 0;
    if (address < UNDEFINED_ADDRESS) walk.entries.push({ index, address, bytes, mask });
  }
}

function walkOf(walk: ArrayWalk): ArrayWalk {
  const { entryBytes, filtered, file } = walk;
  const fits = filtered ? entryBytes >= 13 && entryBytes <= 20 : entryBytes === 8;
  if (!fits) throw damagedHdf5(file.source, `an array with entries of ${entryBytes} bytes`);
  return walk;
}

async function expectBlock(file: Hdf5File, start: number, signature: string): Promise<void> {
  await readBlock(file, { start, length: BLOCK_HEAD_BYTES }, signature);
}

/**
 * The sizes that grow with the number of a super block u: it has 2^floor(u / 2) data blocks, each of 2^ceil(u
 * / 2) times the smallest number of entries.
 */
interface ExtensibleForm {
  readonly walk: ArrayWalk;
  /** Bytes of an offset of a block. */
  readonly offsetBytes: number;
  readonly minEntries: number;
}

/** Section III.I (extensible arrays). */
async function readExtensible(file: Hdf5File, address: number): Promise<ArrayEntry[]> {
  const head = await readBlock(file, { start: address, length: 68 }, 'EAHD');
  const [filtered, entryBytes, maxBits] = [head.u8() === 1, head.u8(), head.u8()];
  const [own, minEntries, minPointers, pageBits] = [head.u8(), head.u8(), head.u8(), head.u8()];
  head.skip(48);
  const block = head.u64();
  const walk = walkOf({ file, filtered, entryBytes, pageEntries: 2 ** pageBits, entries: [] });
  if (block >= UNDEFINED_ADDRESS) return [];
  if (minEntries < 1 || minPointers < 1 || maxBits > 64) {
    throw damagedHdf5(file.source, 'an array without blocks');
  }
  const form: ExtensibleForm = { walk, offsetBytes: Math.ceil(maxBits / 8), minEntries };
  const superBlocks = 1 + Math.max(0, maxBits - Math.floor(Math.log2(minEntries)));
  const inline = 2 * Math.floor(Math.log2(minPointers));
  const dataBlocks = 2 * (minPointers - 1);
  const pointers = dataBlocks + Math.max(0, superBlocks - inline);
  const length = BLOCK_HEAD_BYTES + own * entryBytes + pointers * 8;
  const index = await readBlock(file, { start: block, length }, 'EAIB');
  index.skip(BLOCK_HEAD_BYTES - 5);
  addEntries(walk, index, 0, own);
  let first = own;
  for (let number = 0; number < superBlocks; number++) {
    const row = rowOf(form, number);
    if (number < inline) await readDataBlocks(form, { ...row, first, pointers: index });
    else await readSuperBlock(form, { ...row, first, address: index.u64() });
    first += row.blocks * row.blockEntries;
  }
  return walk.entries;
}

interface SuperRow {
  readonly blocks: number;
  /** The number of entries of each of its data blocks. */
  readonly blockEntries: number;
}

function rowOf({ minEntries }: ExtensibleForm, number: number): SuperRow {
  const blocks = 2 ** Math.floor(number / 2);
  return { blocks, blockEntries: minEntries * 2 ** Math.ceil(number / 2) };
}

async function readSuperBlock(
  form: ExtensibleForm,
  row: SuperRow & { first: number; address: number },
): Promise<void> {
  const { blocks, blockEntries, first, address } = row;
  if (address >= UNDEFINED_ADDRESS) return;
  const bitmapBytes = Math.ceil(pageCount(form.walk, blockEntries) / 8);
  const length = BLOCK_HEAD_BYTES + form.offsetBytes + blocks * (bitmapBytes + 8);
  const pointers = await readBlock(form.walk.file, { start: address, length }, 'EASB');
  pointers.skip(BLOCK_HEAD_BYTES - 5 + form.offsetBytes);
  const bitmap = pointers.bytes(blocks * bitmapBytes);
  await readDataBlocks(form, { blocks, blockEntries, first, pointers, bitmap });
}

async function readDataBlocks(
  form: ExtensibleForm,
  row: SuperRow & { first: number; pointers: Fields; bitmap?: Buffer },
): Promise<void> {
  const { walk, offsetBytes } = form;
  const { blocks, blockEntries, pointers, bitmap = Buffer.alloc(0) } = row;
  const pages = pageCount(walk, blockEntries);
  for (let block = 0; block < blocks; block++) {
    const address = pointers.u64();
    if (address >= UNDEFINED_ADDRESS) continue;
    await expectBlock(walk.file, address, 'EADB');
    await readEntries(walk, {
      start: address + BLOCK_HEAD_BYTES + offsetBytes,
      first: row.first + block * blockEntries,
      count: blockEntries,
      // The bits of all blocks are in one row, though each block adds whole bytes to its length.
      written: { bitmap, start: block * pages },
    });
  }
}
