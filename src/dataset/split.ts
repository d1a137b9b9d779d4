import { dataError, usageError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { groupBy } from '../base/group-by.ts';
import { sha256 } from '../base/hash.ts';
import { printablePath } from './file-names.ts';
import type { DatasetIndex, ImageEntry, Side, Split } from './types.ts';

export interface SplitOptions {
  /** Shares of the images, 0 to below 1 together. A side with share 0 stays empty. */
  readonly val: number;
  readonly test: number;
  readonly seed: number;
  /**
   * Contents that show the same picture, as hashes: they are dealt together, as if they were one
   * content with the least of their hashes. The sides of all other images are what they would be
   * without.
   */
  readonly groups?: readonly (readonly string[])[];
  readonly emit?: Emit;
}

/**
 * Divides a data set into training, validation and test images.
 *
 * Each content (a file's hash) throws its own die: the first bits of SHA-256 of seed and hash, as a
 * number in [0, 1), against the shares. So an image's side depends on its bytes and the seed alone:
 * not on where the folder lies, nor on which images are added or removed later, and files with the
 * same bytes are on one side. The price is that a class gets its share in expectation, not to the
 * image: of 50 images 20 % is 10 +- 3. Quotas would be exact, but then every added image can push
 * an old one over the border, from training into validation, and figures before and after could no
 * longer be compared.
 *
 * One exception: no class is missing from a side that it can be in (with one content it is in
 * train, with two in train and val, with three on all sides that have a share). Where the dice leave
 * a side empty, the content nearest to that side's interval goes there. Only such a content, of a
 * class that small, can move again when images are added.
 *
 * Sides that the layout or the CSV names are kept, and an image without one counts as train's. A side
 * that nothing names takes its share from train. Content on several given sides is a leak: it stays in test, otherwise in val, and leaves
 * the others, with a warning.
 *
 * @throws VggtuneError (usage) if the shares leave nothing for train, (data) if the layout does
 */
export function splitDataset(index: DatasetIndex, options: SplitOptions): Split {
  refuseShares(options);
  const keyOf = pictureKeys(options.groups ?? []);
  const contents = groupByContent(index.images, options.seed, keyOf);
  const leaks = new Set(contents.filter((content) => givenSides(content).size > 1));
  warnOfContents(contents, leaks, options.emit);
  const given = new Set(index.images.map((image) => image.side));
  const shares: Shares = {
    val: given.has('val') ? 0 : options.val,
    test: given.has('test') ? 0 : options.test,
  };
  const sides = new Map<string, Side>();
  const single: Content[] = [];
  for (const own of groupBy(contents, (content) => content.label).values()) {
    const fixed = own.map((content) => [content, givenSide(content)] as const);
    for (const [{ hash }, side] of fixed) sides.set(hash, side);
    const free = fixed.filter(([, side]) => side === 'train').map(([content]) => content);
    for (const [hash, side] of deal(free, shares)) sides.set(hash, side);
    if (own.length === 1) single.push(...free);
  }
  if (single.length > 0) warnOfSingle(single, { index, emit: options.emit });
  const dropped = new Set([...leaks].map((content) => content.hash));
  const split = gather(index.images, { sides, leaked: dropped, keyOf });
  checkTraining(index, split, options.emit);
  return split;
}

function refuseShares({ val, test }: SplitOptions): void {
  if (val >= 0 && test >= 0 && val + test < 1) return;
  throw usageError('the shares of the split leave nothing to train on', {
    expected: 'split.val and split.test from 0 on, below 1 together',
    found: `${val} and ${test}`,
    where: 'split.val, split.test',
    fix: 'make one of them smaller',
  });
}

/** All images with the same bytes, or in the same group. */
interface Content {
  /** The hash of the bytes; the least one of a group. */
  readonly hash: string;
  /** The label of its first image: the class in whose draw it takes part. */
  readonly label: number;
  /** In [0, 1): below `val` it is validation, below `val + test` test. */
  readonly die: number;
  readonly images: readonly ImageEntry[];
}

interface Shares {
  readonly val: number;
  readonly test: number;
}

/** The hash that stands for a content: that of its group, or its own. */
type KeyOf = (hash: string) => string;

function pictureKeys(groups: readonly (readonly string[])[]): KeyOf {
  const keys = new Map(
    groups.flatMap((group) => {
      const [least = ''] = [...group].sort();
      return group.map((hash) => [hash, least] as const);
    }),
  );
  return (hash) => keys.get(hash) ?? hash;
}

function groupByContent(images: readonly ImageEntry[], seed: number, keyOf: KeyOf): Content[] {
  return [...groupBy(images, (image) => keyOf(image.hash))].map(([hash, group]) => ({
    hash,
    label: group.reduce((least, image) => Math.min(least, image.label), Number.MAX_SAFE_INTEGER),
    die: Number.parseInt(sha256(`split:${seed}:${hash}`).slice(0, 13), 16) / 2 ** 52,
    images: group,
  }));
}

function givenSides({ images }: Content): Set<Side> {
  return new Set(images.flatMap(({ side }) => (side === undefined ? [] : [side])));
}

/** The subset that the layout names: test before val before train, where everything else begins. */
function givenSide(content: Content): Side {
  const named = givenSides(content);
  return (['test', 'val'] as const).find((side) => named.has(side)) ?? 'train';
}

/** Assigns the contents of one class to the subsets that have a share. */
function deal(contents: readonly Content[], shares: Shares): Map<string, Side> {
  const all: readonly Side[] = ['train', 'val', 'test'];
  const wanted = all
    .filter((side) => side === 'train' || shares[side] > 0)
    .slice(0, contents.length);
  const intervals = intervalsOf(wanted, shares);
  const members = new Map(wanted.map((side) => [side, [] as Content[]]));
  for (const content of [...contents].sort((a, b) => a.die - b.die)) {
    const side = wanted.find((name) => inside(content.die, intervals[name])) ?? 'train';
    members.get(side)?.push(content);
  }
  for (const side of wanted) {
    if (members.get(side)?.length === 0) fill(members, side, intervals[side]);
  }
  return new Map(
    [...members].flatMap(([side, group]) => group.map(({ hash }) => [hash, side] as const)),
  );
}

type Interval = readonly [number, number];

function intervalsOf(wanted: readonly Side[], shares: Shares): Record<Side, Interval> {
  const val = wanted.includes('val') ? shares.val : 0;
  const test = wanted.includes('test') ? shares.test : 0;
  return { val: [0, val], test: [val, val + test], train: [val + test, 1] };
}

function inside(die: number, [from, to]: Interval): boolean {
  return die >= from && die < to;
}

/** Moves the nearest content of the fullest subset to an empty one. */
function fill(members: Map<Side, Content[]>, side: Side, [from, to]: Interval): void {
  const [donor] = [...members.values()].sort((a, b) => b.length - a.length);
  const away = ({ die }: Content) => Math.max(from - die, die - to);
  const [nearest] = [...(donor ?? [])].sort((a, b) => away(a) - away(b));
  if (donor === undefined || nearest === undefined) return;
  donor.splice(donor.indexOf(nearest), 1);
  members.get(side)?.push(nearest);
}

/** In the order of the images. Of leaked content only the files on its own side are kept. */
function gather(
  images: readonly ImageEntry[],
  by: {
    readonly sides: ReadonlyMap<string, Side>;
    readonly leaked: ReadonlySet<string>;
    readonly keyOf: KeyOf;
  },
): Split {
  const split: Record<Side, ImageEntry[]> = { train: [], val: [], test: [] };
  for (const image of images) {
    const key = by.keyOf(image.hash);
    const side = by.sides.get(key) ?? 'train';
    const elsewhere = image.side !== undefined && image.side !== side;
    if (!(elsewhere && by.leaked.has(key))) split[side].push(image);
  }
  return split;
}

function warnOfContents(
  contents: readonly Content[],
  leaks: ReadonlySet<Content>,
  emit: Emit | undefined,
): void {
  if (leaks.size > 0) {
    const message = `${imagesAre(leaks.size)} on more than one side, kept in test, or else in val, and left out of the others: ${listContents([...leaks])}`;
    emit?.({ type: 'warning', code: 'leak', message });
  }
  const conflicts = contents.filter(({ images, label }) =>
    images.some((image) => image.label !== label),
  );
  if (conflicts.length > 0) {
    const message = `${imagesAre(conflicts.length)} in more than one class with the very same ${conflicts.some(isGroup) ? 'picture' : 'bytes'}: ${listContents(conflicts)}`;
    emit?.({ type: 'warning', code: 'conflicting-labels', message });
  }
}

const imagesAre = (count: number) => (count === 1 ? '1 image is' : `${count} images are`);

/** Whether its images are more than copies of one file. */
function isGroup({ images }: Content): boolean {
  return images.some(({ hash }) => hash !== images[0]?.hash);
}

function listContents(contents: readonly Content[]): string {
  const lists = contents.map(({ images }) =>
    firstFew(
      images.map(({ path }) => printablePath(path)),
      ' = ',
    ),
  );
  return firstFew(lists, '; ');
}

const SHOWN = 5;

function firstFew(names: readonly string[], separator: string): string {
  const more = names.length - SHOWN;
  const shown = names.slice(0, SHOWN).join(separator);
  return more > 0 ? `${shown}${separator}and ${more} more` : shown;
}

/** @param contents each the only one of its class */
function warnOfSingle(
  contents: readonly Content[],
  { index, emit }: { readonly index: DatasetIndex; readonly emit: Emit | undefined },
): void {
  const names = contents.map(({ label }) => printablePath(index.classes[label] ?? ''));
  const image = contents.some(({ images }) => images.length > 1)
    ? 'one image (and copies of it)'
    : 'one image';
  const message =
    names.length === 1
      ? `class ${names[0]} has ${image}: it is used for training, and nothing can measure how well the class is learned`
      : `${names.length} classes have ${image} each: it is used for training, and nothing can measure how well they are learned: ${firstFew(names, ', ')}`;
  emit?.({ type: 'warning', code: 'single-image-class', message });
}

function checkTraining(index: DatasetIndex, split: Split, emit: Emit | undefined): void {
  if (split.train.length === 0) {
    throw dataError('no image is left to train on', {
      expected: 'a train side with images',
      found: `${split.val.length} validation and ${split.test.length} test images`,
      where: index.root,
      fix: 'put images into train/',
    });
  }
  const trained = new Set(split.train.map((image) => image.label));
  const missing = index.classes.filter((_, label) => !trained.has(label)).map(printablePath);
  if (missing.length === 0) return;
  emit?.({
    type: 'warning',
    code: 'class-not-in-train',
    message: `no training image of ${missing.join(', ')}: the network cannot learn to name it`,
  });
}
