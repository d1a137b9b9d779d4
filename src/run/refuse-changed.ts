import { dataError, usageError } from '../base/errors.ts';
import type { RunConfig } from '../config/schema.ts';
import type { LabelledHash, PlanRecord, SplitRecord } from './record.ts';

/**
 * Keys that may differ when a run is resumed: they change no weight. Another engine or device
 * does, but by no more than rounding: a checkpoint belongs to none.
 */
const FREE_KEYS = [
  'out',
  // Images and labels are compared by themselves.
  'data',
  'decisions',
  'export',
  'log',
  'cache',
  'engine',
  'device',
  'checkpointEvery',
  // The strategy was chosen before the run began.
  'advise',
];

/**
 * @param before the config that the run was started with
 * @throws VggtuneError (usage) that names every key which differs, with both values
 */
export function refuseChangedConfig(folder: string, before: RunConfig, now: RunConfig): void {
  const changes = differences(before, now, '').filter(({ key }) => {
    return !FREE_KEYS.includes(key.split('.')[0] ?? '');
  });
  if (changes.length === 0) return;
  const shown = (value: unknown) => JSON.stringify(value) ?? 'nothing';
  throw usageError('a run can only be resumed with the config that it was started with', {
    expected: changes.map(({ key, before: value }) => `${key}: ${shown(value)}`).join(', '),
    found: changes.map(({ key, now: value }) => `${key}: ${shown(value)}`).join(', '),
    where: `${folder}, ${changes.map(({ key }) => key).join(', ')}`,
    fix: changes.every(({ key }) => key === 'epochs')
      ? 'to train longer, start again with these --epochs and --overwrite: cached features are used again'
      : 'leave these keys out, or start a new run with another --out',
  });
}

interface Difference {
  readonly key: string;
  readonly before: unknown;
  readonly now: unknown;
}

function differences(before: unknown, now: unknown, key: string): Difference[] {
  if (isRecord(before) && isRecord(now)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
    return keys.flatMap((inner) =>
      differences(before[inner], now[inner], key === '' ? inner : `${key}.${inner}`),
    );
  }
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ key, before, now }];
}

/** Whether a value is an object of named values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How many files an error lists by name. */
const LISTED = 5;

/**
 * @throws VggtuneError (data) that names the files which were added, removed, changed, or moved to
 *   another class or side since the run was started
 */
export function refuseChangedImages(folder: string, before: SplitRecord, now: SplitRecord): void {
  const old = byPath(before);
  const present = byPath(now);
  const names = (paths: Iterable<string>) => [...paths].sort();
  const added = names([...present.keys()].filter((path) => !old.has(path)));
  const removed = names([...old.keys()].filter((path) => !present.has(path)));
  const changed = names(
    [...present].flatMap(([path, place]) => {
      const was = old.get(path);
      return was !== undefined && was !== place ? [path] : [];
    }),
  );
  const found = [listed('added', added), listed('removed', removed), listed('changed', changed)];
  if (added.length + removed.length + changed.length === 0) return;
  throw dataError('the images are not those that the run was started with', {
    expected: `the ${old.size} images of ${folder}/split.json`,
    found: found.filter((text) => text !== '').join('; '),
    where: folder,
    fix: 'put the images back as they were, or start a new run with another --out',
  });
}

/**
 * A run that goes on from other weights than it began from would be neither the one nor the other:
 * its frozen layers, and those that an early phase has not reached yet, come from them.
 * @throws VggtuneError (data) when both hashes are known and differ
 */
export function refuseChangedWeights(
  folder: string,
  { before, now }: { readonly before: PlanRecord; readonly now: PlanRecord },
): void {
  if (before.startHash === undefined || before.startHash === now.startHash) return;
  const file = now.provenance?.file;
  throw dataError('the weights are not those that the run began from', {
    expected: `weights with the hash ${before.startHash}, as in ${folder}/plan.json`,
    found: `the hash ${now.startHash ?? 'unknown'}`,
    where: file ?? now.provenance?.source ?? folder,
    fix: `${file === undefined ? 'use the vggtune that began it' : 'put the file back as it was'}, or start a new run with another --out`,
  });
}

/** Everything that training depends on, as one text an image. */
function byPath(split: SplitRecord): Map<string, string> {
  const sides = ['train', 'val', 'test'] as const;
  const place = (side: string, image: LabelledHash) =>
    [image.path, [side, image.hash, split.classes[image.label]].join(' ')] as const;
  return new Map(sides.flatMap((side) => split[side].map((image) => place(side, image))));
}

function listed(what: string, paths: readonly string[]): string {
  if (paths.length === 0) return '';
  const more = paths.length > LISTED ? `, and ${paths.length - LISTED} more` : '';
  return `${paths.length} ${what}: ${paths.slice(0, LISTED).join(', ')}${more}`;
}
