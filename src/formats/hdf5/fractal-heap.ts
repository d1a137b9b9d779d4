import {
  damagedHdf5,
  Fields,
  type Hdf5File,
  readBlock,
  readPiece,
  unsupportedHdf5,
} from './file.ts';
import { bytesFor, readTree2 } from './tree2.ts';

/** A heap of links or attributes, whose entries are found by an id. */
export interface FractalHeap {
  /** The entry whose id comes next in a record. @throws VggtuneError (data) */
  read(record: Fields): Promise<Fields>;
}

interface HeapHead {
  readonly file: Hdf5File;
  readonly idBytes: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly hugeTree: number;
  readonly width: number;
  readonly startBytes: number;
  readonly maxDirectBytes: number;
  readonly root: number;
  /** The rows of the root's table; zero when the root is itself a data block. */
  readonly rows: number;
}

const KINDS = { managed: 0, huge: 1, tiny: 2 } as const;

/** Section III.G. @throws VggtuneError (data) */
export async function openFractalHeap(file: Hdf5File, address: number): Promise<FractalHeap> {
  const head = await readHead(file, address);
  return {
    async read(record) {
      const id = new Fields(file.source, record.bytes(head.idBytes));
      const start = id.u8();
      const kind = (start >> 4) & 3;
      if (kind === KINDS.tiny) return new Fields(file.source, id.bytes((start & 15) + 1));
      if (kind === KINDS.huge) return readHuge(head, id);
      const offset = id.uint(head.offsetBytes);
      const length = id.uint(head.lengthBytes);
      const place = { address: head.root, rows: head.rows, offset };
      return readPiece(file, await placeOf(head, place), length);
    },
  };
}

async function readHead(file: Hdf5File, address: number): Promise<HeapHead> {
  const fields = await readBlock(file, { start: address, length: 142 }, 'FRHP');
  const idBytes = fields.u16();
  if (fields.u16() !== 0) throw unsupportedHdf5(file.source, 'a compressed heap of names');
  fields.skip(1);
  const maxManaged = fields.u32();
  fields.skip(8);
  const hugeTree = fields.u64();
  fields.skip(80);
  const [width, startBytes, maxDirectBytes] = [fields.u16(), fields.u64(), fields.u64()];
  const offsetBytes = Math.ceil(fields.u16() / 8);
  fields.skip(2);
  const [root, rows] = [fields.u64(), fields.u16()];
  if (width === 0 || startBytes === 0 || !(maxDirectBytes >= startBytes) || rows > 64) {
    throw damagedHdf5(file.source, 'a heap without blocks');
  }
  const directBytes = Math.ceil(Math.log2(maxDirectBytes) / 8);
  const lengthBytes = Math.min(directBytes, bytesFor(maxManaged));
  const sizes = { idBytes, offsetBytes, lengthBytes };
  return { file, ...sizes, hugeTree, width, startBytes, maxDirectBytes, root, rows };
}

interface TablePlace {
  /** The address of a table of blocks; of a data block where there are no rows. */
  readonly address: number;
  readonly rows: number;
  /** The offset within the span of the table. */
  readonly offset: number;
}

/** Where a byte of the heap is in the file: tables double the size of their blocks row by row. */
async function placeOf(head: HeapHead, place: TablePlace): Promise<number> {
  const { file, width, startBytes, maxDirectBytes } = head;
  if (place.rows === 0) return place.address + place.offset;
  const row = Math.max(0, Math.floor(Math.log2(place.offset / (startBytes * width))) + 1);
  if (row >= place.rows) throw damagedHdf5(file.source, 'an entry outside of its heap');
  const blockBytes = startBytes * 2 ** Math.max(0, row - 1);
  const inRow = place.offset - (row === 0 ? 0 : blockBytes * width);
  const entry = row * width + Math.floor(inRow / blockBytes);
  const start = place.address + 13 + head.offsetBytes + entry * 8;
  const address = (await readPiece(file, start, 8)).u64();
  const rest = { address, offset: inRow % blockBytes };
  const direct = blockBytes <= maxDirectBytes;
  const rows = direct ? 0 : Math.log2(blockBytes) - Math.log2(startBytes * width) + 1;
  if (!Number.isInteger(rows) || rows < 0 || (!direct && rows === 0)) {
    throw damagedHdf5(file.source, 'a heap whose blocks are no powers of two');
  }
  return placeOf(head, { ...rest, rows });
}

/** An entry that is too large for the blocks: its id is a key of a tree of places. */
async function readHuge({ file, hugeTree }: HeapHead, id: Fields): Promise<Fields> {
  const wanted = id.uint(id.left);
  const tree = await readTree2(file, hugeTree);
  if (tree.type !== 1) throw unsupportedHdf5(file.source, 'a heap with large compressed entries');
  for (const record of tree.records) {
    const [address, length, key] = [record.u64(), record.u64(), record.u64()];
    if (key === wanted) return readPiece(file, address, length);
  }
  throw damagedHdf5(file.source, 'an entry that is not in its heap');
}
