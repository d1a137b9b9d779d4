import { printablePath } from '../dataset/file-names.ts';
import type { SplitRecord } from '../run/record.ts';

export interface DuplicateGroup {
  readonly images: readonly {
    readonly path: string;
    readonly label: string;
    readonly side: string;
  }[];
  /** The classes that its images have; more than one is worth a look. */
  readonly labels: readonly string[];
}

const SIDES = { train: 'training', val: 'validation', test: 'test' } as const;

/** The groups of near-duplicates with their files, those with different labels first. */
export function duplicateGroups(split: SplitRecord): readonly DuplicateGroup[] {
  const byHash = new Map<string, DuplicateGroup['images'][number][]>();
  for (const side of ['train', 'val', 'test'] as const) {
    for (const { path, hash, label } of split[side]) {
      const image = {
        path: printablePath(path),
        label: split.classes[label] ?? '',
        side: SIDES[side],
      };
      byHash.set(hash, [...(byHash.get(hash) ?? []), image]);
    }
  }
  return (split.nearDuplicates ?? [])
    .map((group) => group.flatMap((hash) => byHash.get(hash) ?? []))
    .filter((images) => images.length > 1)
    .map((images) => ({ images, labels: [...new Set(images.map(({ label }) => label))] }))
    .sort((a, b) => b.labels.length - a.labels.length);
}

/** The number of groups that a report shows, and of the images of each. */
export const GROUPS_SHOWN = 12;
export const IN_GROUP = 4;

/** The paths of the images that are shown of the groups. */
export function shownCopies(split: SplitRecord): readonly string[] {
  const groups = duplicateGroups(split).slice(0, GROUPS_SHOWN);
  return groups.flatMap(({ images }) => images.slice(0, IN_GROUP).map(({ path }) => path));
}
