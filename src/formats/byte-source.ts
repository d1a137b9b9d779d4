import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dataError, messageOf, systemCode } from '../base/errors.ts';
import { plainFile } from '../base/plain-file.ts';

/** Bytes that are read by ranges, so that a large file never has to be in memory whole. */
export interface ByteSource {
  /** How an error names it: the path of a file. */
  readonly where: string;
  readonly size: number;
  /**
   * Fills `into` with the bytes from `start` on.
   * @throws VggtuneError (data) when the source ends before
   */
  fill(start: number, into: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /**
   * Another file in the folder of this one; absent for bytes that are in no folder.
   * @throws VggtuneError (data) where there is none, or it is no plain file
   */
  sibling?(name: string): Promise<ByteSource>;
}

/** A range as bytes of their own. The caller has checked that `length` is one worth allocating. */
export async function readRange(
  source: ByteSource,
  start: number,
  length: number,
): Promise<Uint8Array> {
  expectRange(source, start, length);
  const bytes = new Uint8Array(length);
  await source.fill(start, bytes);
  return bytes;
}

/** @throws VggtuneError (data) when a range is not within the source: ask before allocating for it */
export function expectRange(source: ByteSource, start: number, length: number): void {
  if (start >= 0 && length >= 0 && start + length <= source.size) return;
  throw endsEarly(source, start + length);
}

/** @throws VggtuneError (data) when there is no such file, or it cannot be read */
export async function openFileSource(path: string): Promise<ByteSource> {
  let file: FileHandle;
  try {
    // Before it is opened: that would wait for whoever writes into a named pipe.
    await plainFile(path, 'a weights file');
    file = await open(path, 'r');
  } catch (error) {
    throw cannotRead(path, error);
  }
  const stat = await file.stat();
  const source: ByteSource = {
    where: path,
    size: stat.size,
    fill: (start, into) => fillFromFile({ file, source }, start, into),
    close: () => file.close(),
    sibling: (name) => openFileSource(join(dirname(path), name)),
  };
  return source;
}

export function memorySource(bytes: Uint8Array, where = 'memory'): ByteSource {
  const source: ByteSource = {
    where,
    size: bytes.length,
    fill: async (start, into) => {
      expectRange(source, start, into.length);
      into.set(bytes.subarray(start, start + into.length));
    },
    close: async () => undefined,
  };
  return source;
}

/** One read call takes at most this much: the kernel's limit is 2 GiB. */
const READ_BYTES = 2 ** 26;

async function fillFromFile(
  { file, source }: { file: FileHandle; source: ByteSource },
  start: number,
  into: Uint8Array,
): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(READ_BYTES, into.length - done);
    const { bytesRead } = await file
      .read(into, done, length, start + done)
      .catch((error: unknown) => {
        throw cannotRead(source.where, error);
      });
    if (bytesRead === 0) throw endsEarly(source, start + into.length);
    done += bytesRead;
  }
}

function endsEarly(source: ByteSource, needed: number): Error {
  return dataError(`${source.where} ends too early`, {
    expected: `at least ${needed} bytes`,
    found: `${source.size} bytes`,
    where: source.where,
    fix: 'the file is truncated: copy or download it again',
  });
}

function cannotRead(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  return dataError(missing ? `there is no file ${path}` : `cannot read ${path}`, {
    found: messageOf(error),
    where: path,
    fix: missing ? 'check the path' : 'give read permission, or name another file',
    cause: error,
  });
}
