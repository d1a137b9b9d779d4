import { dataError } from '../base/errors.ts';
import type { Batch } from '../dataset/batches.ts';
import { printablePath } from '../dataset/file-names.ts';
import type { ImageEntry } from '../dataset/types.ts';

/** The share of unreadable images beyond which a pass fails. */
export const MOST_LOST = 0.2;

/** The number of reasons that an error gives. */
const REASONS = 3;

export interface LossCount {
  /** @throws VggtuneError (data) when too many are lost; it names the cause */
  add(path: string, reason: string): void;
  /** Adds the bad ones of a batch. */
  addAll(bad: Batch['bad'], images: readonly Pick<ImageEntry, 'path'>[]): void;
}

/**
 * Counts the images of one pass that cannot be read. A single file may be damaged; a share of more than
 * `MOST_LOST` means that a folder was moved or a drive is missing, and a result from the rest would be
 * misleading.
 * @param total images of the pass
 */
export function countLosses(root: string, total: number): LossCount {
  const examples = new Map<string, { readonly path: string; count: number }>();
  let lost = 0;
  function add(path: string, reason: string): void {
    const example = examples.get(reason) ?? { path: printablePath(path), count: 0 };
    example.count++;
    examples.set(reason, example);
    lost++;
    if (lost > MOST_LOST * total) throw tooManyLost({ root, total, lost, examples });
  }
  return {
    add,
    addAll(bad, images) {
      for (const { index, reason } of bad) add(images[index]?.path ?? '', reason);
    },
  };
}

function tooManyLost(of: {
  readonly root: string;
  readonly total: number;
  readonly lost: number;
  readonly examples: ReadonlyMap<string, { readonly path: string; readonly count: number }>;
}): Error {
  const reasons = [...of.examples]
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, REASONS)
    .map(([reason, { path, count }]) => `${count} times "${reason}", as ${path}`);
  return dataError(`at least ${of.lost} of ${of.total} images cannot be read any more`, {
    expected: `at most ${MOST_LOST * 100} % of the images lost since they were looked at`,
    found: reasons.join('; '),
    where: of.root,
    fix: 'see that the folder, or the drive that it is on, is there and whole; then try again (a training run goes on with --resume)',
  });
}

/**
 * Fails a pass without a single image, which has no result.
 * @throws VggtuneError (data) when none was seen
 */
export function requireImages(seen: number, what: string): void {
  if (seen > 0) return;
  throw dataError(`no image could be read ${what}`, {
    expected: 'at least one image',
    found: 'none',
    fix: 'see that the images are where they were; then try again (a training run goes on with --resume)',
  });
}
