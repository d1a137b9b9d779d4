import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { unavailableError } from '../base/errors.ts';
import { sizeOfFile } from './cache.ts';
import type { WeightsSource } from './sources.ts';

/**
 * Checks a whole downloaded file against what its source says: length and hashes.
 * @throws VggtuneError (unavailable) that says what differs
 */
export async function verifyFile(path: string, source: WeightsSource): Promise<void> {
  const bytes = await sizeOfFile(path);
  if (source.bytes !== undefined && bytes !== source.bytes) {
    throw differs(path, source, { expected: `${source.bytes} bytes`, found: `${bytes} bytes` });
  }
  const { sha256, sha256Prefix, md5 } = source.hashes;
  const algorithm = md5 === undefined ? 'sha256' : 'md5';
  const expected = md5 ?? sha256 ?? sha256Prefix ?? '';
  const found = await hashFile(path, algorithm);
  if (expected !== '' && found.startsWith(expected)) return;
  throw differs(path, source, {
    expected: `${algorithm} ${expected}${expected.length < 32 ? '...' : ''}`,
    found: found.slice(0, Math.max(16, expected.length)),
  });
}

/** In hex, read as a stream. */
export async function hashFile(path: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function differs(
  path: string,
  source: WeightsSource,
  { expected, found }: { expected: string; found: string },
): Error {
  return unavailableError(`${path} is not the file that ${source.id} publishes`, {
    expected,
    found,
    where: source.url,
    fix: 'fetch it again; if that repeats, something between here and the server changes the file: set VGGTUNE_MIRROR',
  });
}
