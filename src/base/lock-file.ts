import { randomBytes } from 'node:crypto';
import { type link, open, rename, rm } from 'node:fs/promises';
import { systemCode } from './errors.ts';
import { type Owner, parseOwner } from './lock-owner.ts';
import { writeFailure } from './write-failure.ts';

/** The function that creates a hard link; tests pass another one for file systems without them. */
export type Link = typeof link;

/** A lock file as it was found. */
export interface Seen {
  readonly text: string;
  /** Undefined where the file is incomplete, or is not a lock of ours. */
  readonly owner: Owner | undefined;
  readonly mtime: number;
}

/** @returns whether it was free */
export async function publish(of: {
  readonly aside: string;
  readonly path: string;
  readonly content: string;
  readonly link: Link;
}): Promise<boolean> {
  try {
    // Written aside and linked, so that nobody reads half a lock.
    await of.link(of.aside, of.path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
  }
  // There are no hard links on exFAT and on many network drives: a reader may see half a lock then,
  // and takes no owner that it cannot read for dead before its time.
  try {
    await writeNew(of.path, of.content);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Writes a file that does not exist yet; on a full disk no file is left.
 * @returns when it was written, by the file system's clock
 */
export async function writeNew(path: string, content: string): Promise<number> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    return (await file.stat()).mtimeMs;
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

/** @returns undefined when it is not there any more */
export async function look(path: string): Promise<Seen | undefined> {
  try {
    // Opened each time: network file systems give fresh times only to who opens.
    const file = await open(path, 'r');
    try {
      const text = await file.readFile('utf8');
      return { text, owner: parseOwner(text), mtime: (await file.stat()).mtimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw writeFailure(path, error);
  }
}

/**
 * Moves the dead lock away, and puts it back if another process had just replaced it by its own.
 * @returns the error of a file system that does not let it be moved: on Windows for as long as
 *   another process has the file open
 */
export async function removeDead(path: string, dead: string, linked: Link): Promise<unknown> {
  if ((await look(path))?.text !== dead) return true;
  const aside = asideOf(path);
  try {
    await rename(path, aside);
    const moved = await look(aside);
    if (moved !== undefined && moved.text !== dead) {
      await publish({ aside, path, content: moved.text, link: linked });
    }
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? true : error;
  } finally {
    await rm(aside, { force: true }).catch(() => {});
  }
}

/** A name beside the lock that nothing else uses. */
export const asideOf = (path: string) => `${path}.${randomBytes(6).toString('hex')}`;
