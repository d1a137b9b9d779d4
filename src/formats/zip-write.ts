import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { writeFileAtomic } from '../base/atomic-file.ts';

/** A member of a zip file, whose bytes come in pieces. */
export interface ZipContent {
  readonly name: string;
  readonly chunks: Iterable<Uint8Array>;
}

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;
const END_BYTES = 22;
const LIMIT = 2 ** 32 - 1;

/**
 * Writes a zip file with its members stored, not compressed (APPNOTE.TXT 6.3): weights do not
 * shrink, and readers can take them by ranges. The file is whole or not there.
 *
 * @throws RangeError at 4 GiB, where the format would need its 64-bit form
 */
export async function writeZip(path: string, members: readonly ZipContent[]): Promise<void> {
  await writeFileAtomic(path, async (file) => {
    const written: Written[] = [];
    let at = 0;
    for (const member of members) {
      const entry = await writeMember(file, member, at);
      written.push(entry);
      at += LOCAL_BYTES + entry.name.length + entry.size;
    }
    const directory = Buffer.concat(written.map(directoryEntry));
    if (at + directory.length + END_BYTES > LIMIT) throw new RangeError('a zip file over 4 GiB');
    await writeAt(file, Buffer.concat([directory, endRecord(written.length, directory, at)]), at);
  });
}

/** The header goes before the bytes but depends on them, so it is written after them. */
async function writeMember(
  file: FileHandle,
  { name, chunks }: ZipContent,
  offset: number,
): Promise<Written> {
  const label = Buffer.from(name);
  const start = offset + LOCAL_BYTES + label.length;
  let size = 0;
  let crc = 0;
  for (const chunk of chunks) {
    crc = crc32(chunk, crc);
    await writeAt(file, chunk, start + size);
    size += chunk.length;
    if (start + size > LIMIT) throw new RangeError('a zip file over 4 GiB');
  }
  const entry = { name: label, crc, size, offset };
  await writeAt(file, localHeader(entry), offset);
  return entry;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** 1980-01-01: the same model gives the same file. */
const DOS_DATE = 0x0021;
const UTF8_NAMES = 0x0800;
const VERSION = 20;

function localHeader({ name, crc, size }: Written): Buffer {
  const header = Buffer.alloc(LOCAL_BYTES);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(UTF8_NAMES, 6);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(size, 18);
  header.writeUInt32LE(size, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function directoryEntry({ name, crc, size, offset }: Written): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(VERSION, 4);
  entry.writeUInt16LE(VERSION, 6);
  entry.writeUInt16LE(UTF8_NAMES, 8);
  entry.writeUInt16LE(DOS_DATE, 14);
  entry.writeUInt32LE(crc, 16);
  entry.writeUInt32LE(size, 20);
  entry.writeUInt32LE(size, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt32LE(offset, 42);
  return Buffer.concat([entry, name]);
}

function endRecord(count: number, directory: Buffer, offset: number): Buffer {
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
