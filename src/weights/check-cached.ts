import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { unavailableError, VggtuneError } from '../base/errors.ts';
import type { WeightsSource } from './sources.ts';
import { verifyFeatures, verifyFile } from './verify.ts';

/**
 * Checks a cached file before it is used: a disk that loses bytes gives a network that is only a
 * little worse, which nobody would notice. Half a gigabyte takes a second or two, so a file that was
 * checked is not checked again until its size or one of its times changes.
 * @throws VggtuneError (unavailable) when it is damaged
 */
export async function checkCached(path: string, source: WeightsSource): Promise<void> {
  const record = join(dirname(path), `.${basename(path)}.checked`);
  const now = await stampOf(path, source);
  if ((await readFile(record, 'utf8').catch(() => '')) === now) return;
  const whole = basename(path) === source.file;
  await (whole ? verifyFile(path, source) : verifyFeatures(path, source)).catch(
    (error: unknown) => {
      throw error instanceof VggtuneError ? damaged(path, error) : error;
    },
  );
  // A cache that belongs to somebody else cannot be written to; then it is checked each time.
  await writeFileAtomic(record, now).catch(() => {});
}

async function stampOf(path: string, { hashes, featuresSha256 }: WeightsSource): Promise<string> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  return JSON.stringify({ size, mtimeMs, ctimeMs, ino, hashes, featuresSha256 });
}

function damaged(path: string, { details }: VggtuneError): Error {
  const { expected = 'the published file', found = 'another' } = details;
  return unavailableError(`the cached weights ${path} are damaged`, {
    expected,
    found,
    where: path,
    fix: 'remove the file; it is fetched again when it is needed',
  });
}
