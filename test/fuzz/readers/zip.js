import { fixture, PICKLE_WORDS } from './pickle.js';
import { allOf, tensorReader, words } from './tensors.js';

const NAMES = ['plain', 'strided', 'wrapped', 'module', 'evil', 'other'];

/** Zip files: those of PyTorch, and the directory of any. */
export async function create({ load }) {
  const { readZipDirectory } = await load('formats/zip-directory');
  const { memorySource } = await load('formats/byte-source');
  const readTorch = await tensorReader(load);
  const { VggtuneError } = await load('base/errors');
  return {
    seeds: await Promise.all(NAMES.map((name) => fixture(`torch/${name}.pth`))),
    tokens: [
      ...words('PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07', 'PK\x07\x08'),
      ...words(
        '\x01\x00\x10\x00',
        '\xff\xff\xff\xff',
        '\xff\xff',
        'data.pkl',
        'byteorder',
        'data/0',
      ),
      ...PICKLE_WORDS,
    ],
    read: async (bytes) => {
      const directory = await readZipDirectory(memorySource(bytes, 'input'));
      const members = allOf(directory.values(), (entry) => entry.locate(), VggtuneError);
      const refusal = await members.catch((error) => error);
      await readTorch(bytes);
      if (refusal !== undefined) throw refusal;
    },
    make: (bytes, tools) => rebuild(bytes, tools),
  };
}

/** The same members with one of them changed, and a directory that fits. */
function rebuild(bytes, { rng, mutate }) {
  const members = membersOf(bytes);
  if (members.length === 0) return undefined;
  const at = rng.integer(members.length);
  const kind = rng.integer(8);
  if (kind === 0) members.splice(at, 1);
  else if (kind === 1) members.push({ ...members[at] });
  else if (kind === 2) members[at].name = mutate(members[at].name);
  else {
    // The pickle, most of the time.
    const pickle = members.findIndex(({ name }) => name.toString().endsWith('data.pkl'));
    const chosen = members[kind > 3 && pickle >= 0 ? pickle : at];
    chosen.data = mutate(chosen.data);
  }
  return zipOf(members);
}

/** The members of a zip file, as its directory has them. */
export function membersOf(bytes) {
  const members = [];
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || end + 22 > bytes.length) return members;
  for (let at = bytes.readUInt32LE(end + 16); at + 46 <= end; ) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) =>
      bytes.readUInt16LE(at + field),
    );
    const name = bytes.subarray(at + 46, at + 46 + nameLength);
    const [size, header] = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 42)];
    if (header + 30 > bytes.length) break;
    const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    members.push({ name, data: bytes.subarray(start, start + size) });
    at += 46 + nameLength + extra + comment;
  }
  return members;
}

/** A zip file of members that are not compressed. */
export function zipOf(members) {
  const parts = [];
  const entries = [];
  let offset = 0;
  for (const { name, data } of members) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(data.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    entries.push(entry, name);
    parts.push(local, name, data);
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}
