import { dataError } from '../../base/errors.ts';
import { isHidden, isListName, kindOfFile } from '../file-names.ts';

/** Bytes of one file: larger ones are no images. */
const MOST_FILE_BYTES = 2 ** 29;
/** Images hardly shrink: an archive that grows more than so many times is a bomb. */
const MOST_GROWTH = 100;
const ALWAYS_ALLOWED = 2 ** 26;
export const MOST_MEMBERS = 5_000_000;

/** Counts what an archive unpacks to. */
export class ArchiveBudget {
  #left: number;
  #members = 0;
  readonly #where: string;
  readonly #most: number;

  /** @param bytes of the archive */
  constructor(where: string, bytes: number) {
    this.#where = where;
    this.#most = Math.max(ALWAYS_ALLOWED, bytes * MOST_GROWTH);
    this.#left = this.#most;
  }

  /** @throws VggtuneError (data) where it is too much */
  take(name: string, bytes: number): void {
    this.#left -= bytes;
    this.#members++;
    if (bytes > MOST_FILE_BYTES) throw archiveError(this.#where, `${name} of ${bytes} bytes`);
    if (this.#members > MOST_MEMBERS)
      throw archiveError(this.#where, `more than ${MOST_MEMBERS} files`);
    if (this.#left >= 0) return;
    throw archiveError(
      this.#where,
      `more than ${this.#most} bytes when unpacked, as no archive of images has`,
    );
  }
}

/**
 * The path of a member below the folder that it is unpacked to; undefined for what is not unpacked: images, also of
 * kinds that are not read, and lists are.
 * @throws VggtuneError (data) for a name that leads out of the folder
 */
export function memberPath(name: string, where: string): string | undefined {
  const path = name.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
  const parts = path.split('/').filter((part) => part !== '');
  const leaves = path.startsWith('/') || /^[a-z]:/i.test(path) || parts.includes('..');
  if (leaves || path.includes('\0')) {
    throw archiveError(
      where,
      `a file named ${JSON.stringify(name.slice(0, 200))}, which leads out of its folder`,
    );
  }
  const last = parts.at(-1) ?? '';
  if (path.endsWith('/') || parts.some((part) => isHidden(part) || part === '.')) return undefined;
  return kindOfFile(last) !== 'other' || isListName(last) ? parts.join('/') : undefined;
}

export function archiveError(where: string, found: string): Error {
  return dataError(`${where} is no archive of images that can be unpacked`, {
    expected:
      'a .zip, .tar or .tar.gz of a folder of images: plain files, no links, nothing encrypted',
    found,
    where,
    fix: 'unpack it yourself, look at what is in it, and give the folder',
  });
}
