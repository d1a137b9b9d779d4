import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, systemCode, VggtuneError } from '../../base/errors.ts';
import { ArchiveBudget, archiveError, memberPath } from './member.ts';
import type { Write } from './zip.ts';

/** Everything in a tar file (POSIX.1-2001, pax; GNU's long names) is in blocks of this size. */
const BLOCK = 512;
/** The most that a record of a long name may hold. */
const MOST_NAME_BYTES = 2 ** 16;

/** The images and lists of a tar file, packed by gzip or not. @throws VggtuneError (data) */
export async function readTar(
  path: string,
  { gzip, write }: { gzip: boolean; write: Write },
): Promise<void> {
  const { size } = await stat(path);
  const budget = new ArchiveBudget(path, size);
  const file = createReadStream(path, { highWaterMark: 2 ** 20 });
  const unzip = gzip ? createGunzip() : undefined;
  file.on('error', (error) => unzip?.destroy(error));
  const blocks = new Blocks(unzip === undefined ? file : file.pipe(unzip));
  try {
    await readMembers(blocks, { path, budget, write });
  } catch (error) {
    if (error instanceof VggtuneError || systemCode(error)?.startsWith('Z_') === false) throw error;
    throw archiveError(path, `damaged bytes: ${messageOf(error)}`);
  } finally {
    file.destroy();
    unzip?.destroy();
  }
}

interface Reading {
  readonly path: string;
  readonly budget: ArchiveBudget;
  readonly write: Write;
}

async function readMembers(blocks: Blocks, { path, budget, write }: Reading): Promise<void> {
  let longName: string | undefined;
  let longSize: number | undefined;
  for (;;) {
    const block = await blocks.take(BLOCK);
    if (block.length < BLOCK || block.every((byte) => byte === 0)) return;
    const header = headerOf(block, path);
    const size = longSize ?? header.size;
    const kind = header.kind;
    if (kind === 'x' || kind === 'L') {
      if (size > MOST_NAME_BYTES) throw archiveError(path, `a name of ${size} bytes`);
      const record = await blocks.member(size, path);
      if (kind === 'L') longName = record.toString('utf8').replace(/\0[\s\S]*$/, '');
      else ({ name: longName, size: longSize } = paxRecords(record, { longName, longSize }));
      continue;
    }
    const name = longName ?? header.name;
    longName = undefined;
    longSize = undefined;
    await takeMember(blocks, { kind, name, size }, { path, budget, write });
  }
}

async function takeMember(
  blocks: Blocks,
  { kind, name, size }: Header,
  { path, budget, write }: Reading,
): Promise<void> {
  if ('12'.includes(kind)) throw archiveError(path, `${name}, which is a link`);
  if (kind === 'S') throw archiveError(path, `${name}, which has holes`);
  const target = memberPath(name, path);
  const plain = kind === '0' || kind === '7';
  budget.take(name, size);
  if (plain && target !== undefined) await write(target, await blocks.member(size, path));
  else await blocks.skip(size, path);
}

interface Header {
  readonly name: string;
  readonly size: number;
  readonly kind: string;
}

function headerOf(block: Buffer, where: string): Header {
  const text = (from: number, length: number) =>
    block.toString('utf8', from, from + length).replace(/\0[\s\S]*$/, '');
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (Number.parseInt(text(148, 8).trim(), 8) !== sum)
    throw archiveError(where, 'a damaged header');
  const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
  const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  const size = sizeIn(block.subarray(124, 136));
  if (!Number.isSafeInteger(size) || size < 0)
    throw archiveError(where, `${name} of a size that is none`);
  const kind = String.fromCharCode(block.readUInt8(156));
  return { name, size, kind: kind === '\0' ? '0' : kind };
}

/** Octal; or, with the highest bit set, a number of 95 bits. */
function sizeIn(field: Buffer): number {
  const first = field.readUInt8(0);
  if ((first & 0x80) !== 0) return Number(BigInt(`0x${field.subarray(1).toString('hex')}`));
  return Number.parseInt(
    field
      .toString('latin1')
      .replace(/\0[\s\S]*$/, '')
      .trim() || '0',
    8,
  );
}

/** `LENGTH KEY=VALUE`, one after the other. */
function paxRecords(
  record: Buffer,
  before: { readonly longName: string | undefined; readonly longSize: number | undefined },
): { name: string | undefined; size: number | undefined } {
  const values = new Map<string, string>();
  for (let at = 0; at < record.length; ) {
    const space = record.indexOf(0x20, at);
    const length = Number(record.toString('latin1', at, space));
    if (space < 0 || !Number.isInteger(length) || length <= 0) break;
    const text = record.toString('utf8', space + 1, at + length).replace(/\n$/, '');
    const equals = text.indexOf('=');
    values.set(text.slice(0, equals), text.slice(equals + 1));
    at += length;
  }
  const size = values.get('size');
  return {
    name: values.get('path') ?? before.longName,
    size: size === undefined ? before.longSize : Number(size),
  };
}

/** A stream as pieces of the lengths that are asked for. */
class Blocks {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Fewer bytes at the end. What is asked for is held in memory. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) break;
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** A member, and what fills its last block. */
  async member(size: number, where: string): Promise<Buffer> {
    const bytes = await this.take(size);
    const filling = (BLOCK - (size % BLOCK)) % BLOCK;
    if (bytes.length < size) throw archiveError(where, 'its end in the middle of a file');
    await this.take(filling);
    return bytes;
  }

  async skip(size: number, where: string): Promise<void> {
    const step = 2 ** 20;
    let left = size + ((BLOCK - (size % BLOCK)) % BLOCK);
    while (left > 0) {
      const { length } = await this.take(Math.min(step, left));
      if (length === 0) throw archiveError(where, 'its end in the middle of a file');
      left -= length;
    }
  }
}
