import { damagedHdf5, type Fields, type Hdf5File, readBlock, recordOf } from './file.ts';

/** The records of a B-tree of version 2. */
export interface Tree2 {
  readonly type: number;
  readonly recordBytes: number;
  readonly records: readonly Fields[];
}

interface Tree2Form {
  readonly file: Hdf5File;
  readonly nodeBytes: number;
  readonly recordBytes: number;
  /** By height above the leaves: the bytes of a pointer to a node of that height. */
  readonly pointers: readonly { readonly countBytes: number; readonly totalBytes: number }[];
  /** Bytes that its nodes may still have. */
  left: number;
}

const HEADER_BYTES = 38;
/** The bytes of a node beside its records: a signature, a version, a type, a checksum. */
const NODE_OVERHEAD = 10;

/** Section III.A.2. @throws VggtuneError (data) */
export async function readTree2(file: Hdf5File, address: number): Promise<Tree2> {
  const head = await readBlock(file, { start: address, length: HEADER_BYTES }, 'BTHD');
  const type = head.u8();
  const [nodeBytes, recordBytes, depth] = [head.u32(), head.u16(), head.u16()];
  head.skip(2);
  const root = { address: head.u64(), count: head.u16(), height: depth };
  if (recordBytes === 0 || nodeBytes <= NODE_OVERHEAD + recordBytes || depth > 16) {
    throw damagedHdf5(file.source, 'a tree without room for records');
  }
  const pointers = pointersOf({ nodeBytes, recordBytes, depth });
  const records: Fields[] = [];
  const form = { file, nodeBytes, recordBytes, pointers, left: file.source.size };
  if (root.count > 0) await readNode(form, root, records);
  return { type, recordBytes, records };
}

/** Counts take the bytes that the most records below a pointer need. */
function pointersOf(form: { nodeBytes: number; recordBytes: number; depth: number }) {
  const { nodeBytes, recordBytes, depth } = form;
  const leaf = Math.floor((nodeBytes - NODE_OVERHEAD) / recordBytes);
  const countBytes = bytesFor(leaf);
  const pointers = [{ countBytes, totalBytes: 0 }];
  let total = leaf;
  for (let height = 1; height < depth; height++) {
    const pointerBytes = 8 + countBytes + (pointers[height - 1]?.totalBytes ?? 0);
    const room = nodeBytes - NODE_OVERHEAD - pointerBytes;
    const most = Math.floor(room / (recordBytes + pointerBytes));
    total = (most + 1) * total + most;
    pointers.push({ countBytes, totalBytes: bytesFor(total) });
  }
  return pointers;
}

/** The bytes that a number up to `limit` takes. */
export function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;
}

interface NodePlace {
  readonly address: number;
  readonly count: number;
  readonly height: number;
}

async function readNode(form: Tree2Form, place: NodePlace, records: Fields[]): Promise<void> {
  const { file, nodeBytes, recordBytes } = form;
  const { address, count, height } = place;
  // Nodes that are reached again and again would hold more than the file does.
  form.left -= nodeBytes;
  if (form.left < 0) throw damagedHdf5(file.source, 'a tree that is larger than the file');
  const node = { start: address, length: nodeBytes };
  const fields = await readBlock(file, node, height > 0 ? 'BTIN' : 'BTLF');
  fields.skip(1);
  for (let index = 0; index < count; index++) {
    records.push(recordOf(file, fields.bytes(recordBytes)));
  }
  const pointer = form.pointers[height - 1];
  if (height === 0 || pointer === undefined) return;
  for (let index = 0; index <= count; index++) {
    const child = fields.u64();
    const below = fields.uint(pointer.countBytes);
    fields.skip(pointer.totalBytes);
    await readNode(form, { address: child, count: below, height: height - 1 }, records);
  }
}
