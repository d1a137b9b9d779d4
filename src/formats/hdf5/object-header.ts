import {
  damagedHdf5,
  Fields,
  type Hdf5File,
  readPiece,
  recordOf,
  unsupportedHdf5,
} from './file.ts';

/** A message of an object's header: a type, a shape, a location, or an attribute. */
export interface Hdf5Message {
  readonly type: number;
  readonly body: Fields;
}

/** Message types of section IV.A.2. */
export const MESSAGES = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFillValue: 0x04,
  fillValue: 0x05,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** Bit 1 of a message's flags: its body says in which other header it is. */
const SHARED = 2;

interface Block {
  readonly start: number;
  readonly length: number;
}

interface HeaderForm {
  readonly first: Block;
  /** The bytes before a message's body: type, size and flags. */
  readonly prefixBytes: number;
  message(fields: Fields): { type: number; size: number; flags: number };
  /** Strips the framing of the blocks that follow. */
  messagesOf(block: Block): Promise<Fields>;
}

/** The messages of an object, of both forms of headers (section IV.A.1). @throws VggtuneError (data) */
export async function readMessages(file: Hdf5File, address: number): Promise<Hdf5Message[]> {
  const messages: Hdf5Message[] = [];
  for (const { type, flags, body } of await readOwn(file, address)) {
    const shared = (flags & SHARED) !== 0;
    messages.push({ type, body: shared ? await readShared(file, type, body) : body });
  }
  return messages;
}

export function findMessage(messages: readonly Hdf5Message[], type: number): Fields | undefined {
  return messages.find((message) => message.type === type)?.body.copy();
}

interface OwnMessage extends Hdf5Message {
  readonly flags: number;
}

async function readOwn(file: Hdf5File, address: number): Promise<OwnMessage[]> {
  const start = await readPiece(file, address, 4);
  const second = start.bytes(4).equals(Buffer.from('OHDR'));
  const form = second ? await secondForm(file, address) : await firstForm(file, address);
  const messages: OwnMessage[] = [];
  const blocks = [form.first];
  let bytes = 0;
  for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
    bytes += block.length;
    // Blocks that go on in each other would never end.
    if (bytes > file.source.size) {
      throw damagedHdf5(file.source, 'an object header that is longer than the file');
    }
    const first = block === form.first;
    const fields = await (first
      ? readPiece(file, block.start, block.length)
      : form.messagesOf(block));
    // Fewer bytes than a prefix are a gap.
    while (fields.left >= form.prefixBytes) {
      const { type, size, flags } = form.message(fields);
      const body = recordOf(file, fields.bytes(size));
      if (type === MESSAGES.continuation) blocks.push({ start: body.u64(), length: body.u64() });
      else messages.push({ type, flags, body });
    }
  }
  return messages;
}

async function firstForm(file: Hdf5File, address: number): Promise<HeaderForm> {
  const prefix = await readPiece(file, address, 16);
  const version = prefix.u8();
  if (version !== 1) throw unsupportedHdf5(file.source, `an object header of version ${version}`);
  prefix.skip(7);
  return {
    first: { start: address + 16, length: prefix.u32() },
    prefixBytes: 8,
    message(fields) {
      const row = { type: fields.u16(), size: fields.u16(), flags: fields.u8() };
      fields.skip(3);
      return row;
    },
    messagesOf: ({ start, length }) => readPiece(file, start, length),
  };
}

async function secondForm(file: Hdf5File, address: number): Promise<HeaderForm> {
  const bare = await readPiece(file, address, 6);
  bare.skip(4);
  const version = bare.u8();
  if (version !== 2) throw unsupportedHdf5(file.source, `an object header of version ${version}`);
  const flags = bare.u8();
  const skipped = ((flags & 0x20) === 0 ? 0 : 16) + ((flags & 0x10) === 0 ? 0 : 4);
  const sizeBytes = 2 ** (flags & 3);
  const size = await readPiece(file, address + 6 + skipped, sizeBytes);
  const ordered = (flags & 4) !== 0;
  return {
    first: { start: address + 6 + skipped + sizeBytes, length: size.uint(sizeBytes) },
    prefixBytes: ordered ? 6 : 4,
    message(fields) {
      const row = { type: fields.u8(), size: fields.u16(), flags: fields.u8() };
      if (ordered) fields.skip(2);
      return row;
    },
    async messagesOf({ start, length }) {
      const fields = await readPiece(file, start, length);
      fields.expect('OCHK');
      return new Fields(file.source, fields.bytes(fields.left - 4));
    },
  };
}

/** A message that lies in the header of another object, as a committed type does (section IV.A.2). */
async function readShared(file: Hdf5File, type: number, body: Fields): Promise<Fields> {
  const version = body.u8();
  const kind = body.u8();
  if (version > 3 || (version === 3 && kind === 1)) {
    throw unsupportedHdf5(file.source, 'a table of shared messages');
  }
  if (version === 1) body.skip(6);
  const own = await readOwn(file, body.u64());
  const found = own.find((message) => message.type === type && (message.flags & SHARED) === 0);
  if (found === undefined) throw damagedHdf5(file.source, 'a shared message that is not there');
  return found.body.copy();
}

/** Where the heap and the tree of many links or attributes are (sections IV.A.2.c and IV.A.2.v). */
export function denseStorage(
  info: Fields,
  orderBytes: number,
): { heap: number; tree: number } | undefined {
  info.skip(1);
  if ((info.u8() & 1) !== 0) info.skip(orderBytes);
  const [heap, tree] = [info.u64(), info.u64()];
  return heap >= 2 ** 64 ? undefined : { heap, tree };
}
