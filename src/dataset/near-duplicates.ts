import { blocksOf, isNearDuplicate, type Planes } from './near-duplicate-check.ts';
import {
  bitCount,
  hashDistance,
  lumaOf,
  mirrored,
  type PerceptualHash,
  perceptualHash,
} from './perceptual-hash.ts';

/** One distinct file content of a data set: the hash of its bytes and a thumbnail of the image. */
export interface Fingerprint {
  readonly hash: string;
  /** RGB, [THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3] */
  readonly thumbnail: Uint8Array;
}

/** The number of hash bits, of 64, that may differ between an image and a slightly cropped copy. */
const NEAR = 24;
/** The same limit for more than `MANY` images, among which chance alone makes too many pairs. */
const NEAR_AMONG_MANY = 14;
const MANY = 4000;
/** The largest difference between the means of a colour channel, before the crop is known. */
const NEAR_COLOUR = 26;

interface Picture extends Planes {
  readonly hash: string;
  readonly mirrored: Planes;
  /** Mean of each channel. */
  readonly means: readonly number[];
  readonly print: PerceptualHash;
  readonly mirror: PerceptualHash;
}

/**
 * Finds groups of near-duplicates: resized, recompressed, mirrored or slightly cropped copies of an image.
 * Perceptual hashes select candidate pairs, and a comparison of the aligned thumbnails decides. Every pair of
 * hashes is compared; among more than 4,000 images fewer pairs are verified, so that a copy with much cut off
 * can go unnoticed there.
 * @returns groups of at least two content hashes, each sorted, in the order of their first
 */
export function findNearDuplicates(prints: readonly Fingerprint[]): readonly (readonly string[])[] {
  const pictures = prints.map(pictureOf).sort((a, b) => (a.means[0] ?? 0) - (b.means[0] ?? 0));
  const groups = createGroups(pictures.length);
  const near = pictures.length > MANY ? NEAR_AMONG_MANY : NEAR;
  eachCandidate(pictures, near, (i, j) => {
    const [a, b] = [pictures[i], pictures[j]];
    if (a !== undefined && b !== undefined && areSame(a, b, near)) groups.join(i, j);
  });
  const members = new Map<number, string[]>();
  for (const [i, { hash }] of pictures.entries()) {
    const root = groups.find(i);
    members.set(root, [...(members.get(root) ?? []), hash]);
  }
  return [...members.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.sort())
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

function pictureOf({ hash, thumbnail }: Fingerprint): Picture {
  const luma = lumaOf(thumbnail);
  const plane = (channel: number) => luma.map((_, at) => thumbnail[3 * at + channel] ?? 0);
  const colours = [plane(0), plane(1), plane(2)] as const;
  const planes = { luma, colours, blocks: blocksOf(luma) };
  return {
    hash,
    ...planes,
    mirrored: mirrorOf(planes),
    means: colours.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    print: perceptualHash(luma),
    mirror: perceptualHash(mirrored(luma)),
  };
}

/**
 * Calls back with the pairs of indices whose mean colours and whose hashes, plain or mirrored, are close. Of
 * 10,000 images there are fifty million pairs, and nearly all are rejected here: so the data lies in flat
 * arrays, and nothing is allocated.
 * @param pictures sorted by their mean red
 */
function eachCandidate(
  pictures: readonly Picture[],
  near: number,
  found: (i: number, j: number) => void,
): void {
  const means = [0, 1, 2].map((at) => Float64Array.from(pictures, (one) => one.means[at] ?? 0));
  const [reds = NONE, greens = NONE, blues = NONE] = means;
  const prints = Int32Array.from(pictures.flatMap(({ print }) => print));
  for (const [i, { print, mirror }] of pictures.entries()) {
    const [low, high] = print;
    const [turnedLow, turnedHigh] = mirror;
    const [red = 0, green = 0, blue = 0] = [reds[i], greens[i], blues[i]];
    for (let j = i + 1; (reds[j] ?? Infinity) <= red + NEAR_COLOUR; j++) {
      if (Math.abs((greens[j] ?? 0) - green) > NEAR_COLOUR) continue;
      if (Math.abs((blues[j] ?? 0) - blue) > NEAR_COLOUR) continue;
      const otherLow = prints[2 * j] ?? 0;
      const otherHigh = prints[2 * j + 1] ?? 0;
      const isNear =
        bitCount(low ^ otherLow) + bitCount(high ^ otherHigh) <= near ||
        bitCount(turnedLow ^ otherLow) + bitCount(turnedHigh ^ otherHigh) <= near;
      if (isNear) found(i, j);
    }
  }
}

const NONE = new Float64Array();

function areSame(a: Picture, b: Picture, near: number): boolean {
  const plain = hashDistance(a.print, b.print) <= near;
  const turned = hashDistance(a.mirror, b.print) <= near;
  return (plain && isNearDuplicate(a, b)) || (turned && isNearDuplicate(a.mirrored, b));
}

function mirrorOf({ luma, colours: [red, green, blue] }: Planes): Planes {
  const turned = mirrored(luma);
  const colours = [mirrored(red), mirrored(green), mirrored(blue)] as const;
  return { luma: turned, colours, blocks: blocksOf(turned) };
}

/** Disjoint sets with path halving. */
function createGroups(count: number) {
  const parents = Int32Array.from({ length: count }, (_, at) => at);
  const find = (of: number): number => {
    let at = of;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at] ?? at] ?? at;
      at = parents[at] ?? at;
    }
    return at;
  };
  return {
    find,
    join: (a: number, b: number) => {
      parents[Math.max(find(a), find(b))] = Math.min(find(a), find(b));
    },
  };
}
