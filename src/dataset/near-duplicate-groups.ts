import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { interruptedError, systemWords } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { sha256 } from '../base/hash.ts';
import { decodeThumbnail } from './decode.ts';
import { BadImage } from './decode-errors.ts';
import { imagePath } from './file-names.ts';
import { type Fingerprint, findNearDuplicates } from './near-duplicates.ts';
import { THUMBNAIL_SIDE } from './perceptual-hash.ts';
import { DECODER } from './sharp.ts';
import type { DatasetIndex, ImageEntry } from './types.ts';

/** Groups of content hashes that show the same picture; each has at least two. */
export type NearDuplicateGroups = readonly (readonly string[])[];

/** Names the group of an image: that of its near-duplicates, or its own content. */
export function groupNamer(
  groups: NearDuplicateGroups,
): (image: Pick<ImageEntry, 'hash'>) => string {
  const names = new Map(groups.flatMap((group) => group.map((hash) => [hash, group[0] ?? hash])));
  return ({ hash }) => names.get(hash) ?? hash;
}

export interface GroupOptions {
  /** The folder in which the groups are remembered; without it they are looked for each time. */
  readonly cache?: string;
  /** The colour behind transparent pixels. */
  readonly background: string;
  readonly maxPixels?: number;
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
}

/** The version of the grouping; it is raised when the same images could be grouped in another way. */
const VERSION = 1;
const IN_FLIGHT = 16;

/**
 * Finds the near-duplicates of a data set. The result is cached for as long as the images stay the same. An
 * image that cannot be decoded is in no group.
 * @throws VggtuneError (interrupted) on the signal
 */
export async function groupNearDuplicates(
  index: DatasetIndex,
  options: GroupOptions,
): Promise<NearDuplicateGroups> {
  const contents = new Map(index.images.map((image) => [image.hash, image]));
  const hashes = [...contents.keys()].sort();
  const key = sha256(JSON.stringify([VERSION, DECODER, options.background, hashes]));
  const { cache } = options;
  const path =
    cache === undefined ? undefined : join(cache, 'near-duplicates', `${key.slice(0, 32)}.json`);
  const known = path === undefined ? undefined : await readGroups(path);
  if (known !== undefined) return known;
  const prints = await fingerprints(index.root, [...contents.values()], options);
  const groups = findNearDuplicates(prints);
  if (path === undefined) return groups;
  await writeFileAtomic(path, JSON.stringify(groups)).catch((error: unknown) => {
    const message = `near-duplicates could not be kept for the next time: ${systemWords(error)}`;
    options.emit?.({ type: 'warning', code: 'groups-not-remembered', message });
  });
  return groups;
}

async function readGroups(path: string): Promise<NearDuplicateGroups | undefined> {
  try {
    return parseGroups(await readFile(path, 'utf8'));
  } catch {
    // A cache that is missing costs time, nothing else.
    return undefined;
  }
}

/** @returns undefined where the text of a cache file is damaged */
export function parseGroups(text: string): NearDuplicateGroups | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return isGroups(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isGroups(value: unknown): value is NearDuplicateGroups {
  const isGroup = (group: unknown) =>
    Array.isArray(group) && group.every((hash) => typeof hash === 'string');
  return Array.isArray(value) && value.every(isGroup);
}

async function fingerprints(
  root: string,
  images: readonly ImageEntry[],
  { background, maxPixels, emit, signal }: GroupOptions,
): Promise<readonly Fingerprint[]> {
  const prints: (Fingerprint | undefined)[] = new Array(images.length);
  const spec = { side: THUMBNAIL_SIDE, background, ...(maxPixels !== undefined && { maxPixels }) };
  let next = 0;
  const worker = async () => {
    while (next < images.length && signal?.aborted !== true) {
      const at = next++;
      const image = images[at];
      if (image === undefined) continue;
      prints[at] = await decodeThumbnail(imagePath(root, image.path), spec).then(
        (thumbnail) => ({ hash: image.hash, thumbnail }),
        goneBad,
      );
    }
  };
  emit?.({ type: 'stage', stage: 'duplicates', message: 'looking for near-duplicates' });
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  if (signal?.aborted) throw interruptedError('interrupted while near-duplicates were looked for');
  return prints.filter((print) => print !== undefined);
}

/** Ignores an image that became unreadable since the scan; the reader of its pixels will report it. */
function goneBad(error: unknown): undefined {
  if (!(error instanceof BadImage)) throw error;
}
