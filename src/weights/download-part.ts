import { readFile, rm, writeFile } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';
import { writeFailure } from '../base/write-failure.ts';

/** Removes a partial download. */
export async function discardPart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(tagPath(part), { force: true });
}

// A part goes on only with the same remote file: its tag is kept beside it.
const tagPath = (part: string) => `${part}.etag`;

export async function readTag(part: string): Promise<string | undefined> {
  return readFile(tagPath(part), 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Whether the version of the remote file that a partial download belongs to is known. */
export async function hasTag(part: string): Promise<boolean> {
  return (await readTag(part)) !== undefined;
}

export async function writeTag(part: string, tag: string | null): Promise<void> {
  // Weak tags promise nothing about bytes.
  if (tag === null || tag.startsWith('W/')) return rm(tagPath(part), { force: true });
  await writeFile(tagPath(part), tag).catch((error: unknown) => {
    throw writeFailure(part, error);
  });
}
