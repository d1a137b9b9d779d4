import type { RunConfig } from '../../config/schema.ts';
import { readDecisions, withDecisions } from '../../dataset/decisions.ts';
import {
  groupNearDuplicates,
  type NearDuplicateGroups,
} from '../../dataset/near-duplicate-groups.ts';
import { scanDataset } from '../../dataset/scan.ts';
import { splitDataset } from '../../dataset/split.ts';
import type { DatasetIndex, ImageEntry, Side, Split } from '../../dataset/types.ts';
import type { WorkContext } from './work-context.ts';

/** The number of images in a data set, by subset and class. */
export interface DataFacts {
  readonly folder: string;
  readonly images: number;
  readonly skipped: number;
  readonly sides: { readonly train: number; readonly val: number; readonly test: number };
  readonly classes: readonly { readonly name: string; readonly images: number }[];
}

/** The copies in a data set. */
export interface DuplicateEvidence {
  /** Files whose bytes another file has too. */
  readonly identical: number;
  /** Groups of contents that show nearly the same image. */
  readonly nearGroups: number;
  readonly nearImages: number;
  /** Groups that a split by bytes alone would have divided. */
  readonly wouldHaveCrossed: number;
  /** Paths of the first groups. */
  readonly examples: readonly (readonly string[])[];
}

export interface LoadedData {
  readonly index: DatasetIndex;
  readonly split: Split;
  /** Near-duplicates; none were looked for where the config says so. */
  readonly groups: NearDuplicateGroups;
}

/** Reads and splits the images of a config, near-duplicates on one side. */
export async function loadData(
  config: RunConfig,
  { storage, emit, signal }: Pick<WorkContext, 'storage' | 'emit' | 'signal'>,
): Promise<LoadedData> {
  const index = await readIndex(config, { storage, emit, signal });
  const cache = storage.folder;
  const { maxPixels, background } = config.image;
  const together = config.split.nearDuplicates === 'together';
  const groups = together
    ? await groupNearDuplicates(index, { cache, background, maxPixels, emit, signal })
    : [];
  return { index, groups, split: splitDataset(index, { ...config.split, groups, emit }) };
}

/** Reads the images of a config, and follows its decisions about them. */
export async function readIndex(
  config: RunConfig,
  { storage, emit, signal }: Pick<WorkContext, 'storage' | 'emit' | 'signal'>,
): Promise<DatasetIndex> {
  const { data, decisions: file } = config;
  emit({ type: 'stage', stage: 'data', message: `reading the images of ${data}` });
  // A file of decisions that cannot be followed is told before the images are read.
  const decided = file === null ? [] : await readDecisions(file);
  const { onBad, maxPixels } = config.image;
  const options = { cache: storage.folder, emit, signal, onBad, maxPixels };
  const index = await scanDataset(data, options);
  return file === null || decided.length === 0
    ? index
    : withDecisions(index, decided, { file, emit });
}

/** What is in a data set, by side and class. */
export function dataFacts({ index, split }: LoadedData): DataFacts {
  const counts = labelCounts(index.images, index.classes.length);
  return {
    folder: index.root,
    images: index.images.length,
    skipped: index.skipped.length,
    sides: { train: split.train.length, val: split.val.length, test: split.test.length },
    classes: index.classes.map((name, label) => ({ name, images: counts[label] ?? 0 })),
  };
}

/** Images by class. */
export function labelCounts(
  images: readonly { readonly label: number }[],
  classes: number,
): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of images) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

const EXAMPLES = 10;

/** Counts copies in a data set, and what they would have done to the split. */
export function duplicateEvidence(
  { index, groups }: Pick<LoadedData, 'index' | 'groups'>,
  config: RunConfig,
): DuplicateEvidence {
  const byHash = new Map<string, ImageEntry[]>();
  for (const image of index.images) {
    byHash.set(image.hash, [...(byHash.get(image.hash) ?? []), image]);
  }
  const identical = [...byHash.values()].reduce((sum, same) => sum + same.length - 1, 0);
  const bytesAlone = sideByHash(splitDataset(index, config.split));
  const imagesOf = (group: readonly string[]) => group.flatMap((hash) => byHash.get(hash) ?? []);
  const crossed = groups.filter(
    (group) => new Set(group.map((hash) => bytesAlone.get(hash))).size > 1,
  );
  return {
    identical,
    nearGroups: groups.length,
    nearImages: groups.flatMap(imagesOf).length,
    wouldHaveCrossed: crossed.length,
    examples: groups.slice(0, EXAMPLES).map((group) => imagesOf(group).map(({ path }) => path)),
  };
}

function sideByHash(split: Split): ReadonlyMap<string, Side> {
  const sides = (['train', 'val', 'test'] as const).flatMap((side) =>
    split[side].map(({ hash }) => [hash, side] as const),
  );
  return new Map(sides);
}
