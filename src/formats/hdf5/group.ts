import { damagedHdf5, type Fields, type Hdf5File, readBlock, readPiece } from './file.ts';
import { openFractalHeap } from './fractal-heap.ts';
import { denseStorage, findMessage, MESSAGES, readMessages } from './object-header.ts';
import { readTree2 } from './tree2.ts';

/** What a group holds: names, and the addresses of their headers. */
export type Hdf5Members = ReadonlyMap<string, number>;

/**
 * The members of a group: of an old one by its symbol table, of a new one by its link messages, or, when
 * these are many, by a heap of them. Soft and external links are left out.
 * @throws VggtuneError (data)
 */
export async function readGroup(file: Hdf5File, address: number): Promise<Hdf5Members> {
  const messages = await readMessages(file, address);
  const members = new Map<string, number>();
  const table = findMessage(messages, MESSAGES.symbolTable);
  if (table !== undefined) {
    const tree = table.u64();
    const names = await readLocalHeap(file, table.u64());
    await readTree({ file, names, members }, tree);
  }
  for (const { type, body } of messages) {
    if (type === MESSAGES.link) addLink(file, members, body.copy());
  }
  const info = findMessage(messages, MESSAGES.linkInfo);
  const dense = info === undefined ? undefined : denseStorage(info, 8);
  if (dense !== undefined) await readDenseLinks({ file, members }, dense);
  return members;
}

async function readDenseLinks(
  { file, members }: { file: Hdf5File; members: Map<string, number> },
  dense: { heap: number; tree: number },
): Promise<void> {
  const heap = await openFractalHeap(file, dense.heap);
  for (const record of (await readTree2(file, dense.tree)).records) {
    // The hash of the name.
    record.skip(4);
    addLink(file, members, await heap.read(record));
  }
}

/** Section IV.A.2.g. */
function addLink(file: Hdf5File, members: Map<string, number>, link: Fields): void {
  link.skip(1);
  const flags = link.u8();
  const hard = (flags & 8) === 0 || link.u8() === 0;
  if ((flags & 4) !== 0) link.skip(8);
  if ((flags & 16) !== 0) link.skip(1);
  const name = link.bytes(link.uint(2 ** (flags & 3))).toString('utf8');
  if (!hard) return;
  if (name === '') throw damagedHdf5(file.source, 'a link without a name');
  members.set(name, link.u64());
}

interface GroupWalk {
  readonly file: Hdf5File;
  readonly names: Buffer;
  readonly members: Map<string, number>;
}

/** Section III.D. */
async function readLocalHeap(file: Hdf5File, address: number): Promise<Buffer> {
  const heap = await readBlock(file, { start: address, length: 32 }, 'HEAP');
  heap.skip(3);
  const size = heap.u64();
  heap.skip(8);
  const data = await readPiece(file, heap.u64(), size);
  return data.bytes(size);
}

/** A B-tree of names (section III.A.1): leaves point to symbol nodes. */
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

const SOFT_LINK = 2;

/** Sections III.B and III.C. */
async function readSymbols(walk: GroupWalk, address: number): Promise<void> {
  const head = await readBlock(walk.file, { start: address, length: 8 }, 'SNOD');
  head.skip(1);
  const count = head.u16();
  const rows = await readPiece(walk.file, address + 8, count * 40);
  for (let row = 0; row < count; row++) {
    const start = rows.u64();
    const header = rows.u64();
    const cache = rows.u32();
    rows.skip(20);
    const end = walk.names.indexOf(0, start);
    if (start >= walk.names.length || end < 0) {
      throw damagedHdf5(walk.file.source, 'a name outside of its heap');
    }
    if (cache !== SOFT_LINK) walk.members.set(walk.names.toString('utf8', start, end), header);
  }
}
