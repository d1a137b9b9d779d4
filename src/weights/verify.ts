import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dataError, unavailableError } from '../base/errors.ts';
import { readSafetensorsHeader } from '../formats/safetensors.ts';
import { sizeOfFile } from './cache.ts';
import { WEIGHTS_SOURCES, type WeightsSource } from './sources.ts';

/**
 * What a file was compared with: the hash that is published, the 32 bits of one that are published, or only the
 * hash that it carries itself, which tells damage and no more.
 */
export type WeightsCheck = 'published' | 'published-32-bits' | 'own-hash';

/**
 * Checks a whole downloaded file against what its source says: length and hashes.
 * @returns how much of a hash is published
 * @throws VggtuneError (unavailable) that says what differs
 */
export async function verifyFile(path: string, source: WeightsSource): Promise<WeightsCheck> {
  const bytes = await sizeOfFile(path);
  if (source.bytes !== undefined && bytes !== source.bytes) {
    throw differs(path, source, { expected: `${source.bytes} bytes`, found: `${bytes} bytes` });
  }
  const { sha256, sha256Prefix, md5 } = source.hashes;
  const algorithm = md5 === undefined ? 'sha256' : 'md5';
  const expected = md5 ?? sha256 ?? sha256Prefix ?? '';
  const found = await hashFile(path, algorithm);
  if (expected !== '' && found.startsWith(expected)) {
    return (md5 ?? sha256) ? 'published' : 'published-32-bits';
  }
  throw differs(path, source, {
    expected: `${algorithm} ${expected}${expected.length < 32 ? '...' : ''}`,
    found: found.slice(0, Math.max(16, expected.length)),
  });
}

/** The hash of a file in hex; the file is read as a stream. */
export async function hashFile(
  path: string,
  algorithm: 'sha256' | 'md5',
  start = 0,
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { start, highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/**
 * Checks a file that holds the convolutions alone. It carries the hash of its tensors, which tells
 * damage; that they are what was published is only known where the source says their hash.
 * @param known its source; otherwise the one that the file names
 * @throws VggtuneError (data) when it is damaged, or not what was published
 */
export async function verifyFeatures(
  path: string,
  known?: WeightsSource,
): Promise<{ readonly source: WeightsSource; readonly checked: WeightsCheck }> {
  const { metadata, dataStart } = await readSafetensorsHeader(path);
  const source = known ?? WEIGHTS_SOURCES.find(({ id }) => id === metadata.source);
  const found = await hashFile(path, 'sha256', dataStart);
  const expected = source?.featuresSha256 ?? metadata.sha256;
  if (source?.id === metadata.source && metadata.part === 'features' && found === expected) {
    if (source !== undefined) return { source, checked: checkOfFeatures(source) };
  }
  throw dataError(`${path} is no published file, or a damaged one`, {
    expected: `sha256 ${expected ?? 'in its metadata'} of its tensors`,
    found,
    where: path,
    fix: 'remove it and fetch it again',
  });
}

/** The hash with which the convolutions alone can be compared. */
export function checkOfFeatures({ featuresSha256 }: WeightsSource): WeightsCheck {
  return featuresSha256 === undefined ? 'own-hash' : 'published';
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
