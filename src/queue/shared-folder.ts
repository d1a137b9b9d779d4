import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataError, systemCode } from '../base/errors.ts';
import { makeFolder } from '../base/folders.ts';
import { unlessMachineFails } from '../base/machine-failure.ts';
import { readPlainFile } from '../base/plain-file.ts';

/**
 * A hidden file beside the run folders of a batch. A worker that sees another one, or none, has another folder at that
 * path: what it trains there nobody else would find.
 */
export const MARK_FILE = '.vggtune-queue';
const MOST_BYTES = 100;

/** The mark of the folder in which a run folder is; makes both where they are not there. */
export async function markFor(runFolder: string): Promise<string> {
  const folder = dirname(runFolder);
  await makeFolder(folder);
  const mark = randomUUID();
  try {
    await writeFile(join(folder, MARK_FILE), mark, { flag: 'wx' });
    return mark;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return await writtenMark(runFolder);
  }
}

/** Another batch has made the file a moment ago at the least, and may be writing it. */
async function writtenMark(runFolder: string): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const found = await readMark(runFolder);
    if (found !== undefined && found !== '') return found;
    await sleep(100);
  }
  throw dataError(`${join(dirname(runFolder), MARK_FILE)} cannot be read, or is empty`, {
    expected: 'the mark by which workers tell that they see the same folder',
    fix: 'remove the file; the next batch writes it anew',
  });
}

/** The mark that is there; undefined where there is none. */
export async function readMark(runFolder: string): Promise<string | undefined> {
  const path = join(dirname(runFolder), MARK_FILE);
  const limits = { most: MOST_BYTES, what: 'the mark of a queue' };
  return readPlainFile(path, limits).then(
    (bytes) => bytes.toString('utf8'),
    unlessMachineFails(undefined),
  );
}
