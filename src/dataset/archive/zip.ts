import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { messageOf } from '../../base/errors.ts';
import { type ByteSource, openFileSource, readRange } from '../../formats/byte-source.ts';
import { locatePacked, readZipRows, type ZipRow } from '../../formats/zip-directory.ts';
import { ArchiveBudget, archiveError, memberPath } from './member.ts';

/** Takes a file of an archive: a path below the folder, and its bytes. */
export type Write = (path: string, bytes: Uint8Array) => Promise<void>;

/** A row for each of a million images, say. */
const MOST_DIRECTORY_BYTES = 2 ** 28;
const LINK = 0xa000;
const KIND = 0xf000;
const inflate = promisify<Buffer | Uint8Array, object, Buffer>(inflateRaw);

/** The images and lists of a zip file. All sizes are checked before the first is unpacked. @throws VggtuneError (data) */
export async function readZip(path: string, write: Write): Promise<void> {
  const source = await openFileSource(path);
  try {
    const rows = await readZipRows(source, MOST_DIRECTORY_BYTES);
    const members = checked(source, rows);
    for (const [name, row] of members) await write(name, await unpacked(source, row));
  } finally {
    await source.close();
  }
}

function checked(source: ByteSource, rows: readonly ZipRow[]): ReadonlyMap<string, ZipRow> {
  const budget = new ArchiveBudget(source.where, source.size);
  const members = new Map<string, ZipRow>();
  let packed = 0;
  for (const row of rows) {
    const name = memberPath(row.name, source.where);
    const link = (row.mode & KIND) === LINK;
    if (link) throw archiveError(source.where, `${row.name}, which is a link`);
    if (name === undefined) continue;
    if (row.encrypted) throw archiveError(source.where, `${row.name}, which is encrypted`);
    if (row.method !== 0 && row.method !== 8) {
      throw archiveError(source.where, `${row.name}, packed by method ${row.method}`);
    }
    budget.take(row.name, row.size);
    packed += row.packed;
    members.set(name, row);
  }
  // Members that share their bytes make a bomb of a small file.
  if (packed > source.size) throw archiveError(source.where, 'files that lie over each other');
  return members;
}

async function unpacked(source: ByteSource, row: ZipRow): Promise<Uint8Array> {
  const { start, size } = await locatePacked(source, row);
  const packed = await readRange(source, start, size);
  const options = { maxOutputLength: Math.max(1, row.size) };
  const bytes =
    row.method === 0
      ? packed
      : await inflate(packed, options).catch((error: unknown) => {
          throw archiveError(source.where, `${row.name}, which is damaged: ${messageOf(error)}`);
        });
  if (bytes.length === row.size && crc32(bytes) === row.crc32) return bytes;
  throw archiveError(
    source.where,
    `${row.name}, which is damaged: another checksum or size than it should have`,
  );
}
