import { THUMBNAIL_SIDE } from './perceptual-hash.ts';

const SIDE = THUMBNAIL_SIDE;
const CELLS = SIDE * SIDE;

/** The most that may be cut off each edge, as a share of the side. */
const MOST_CUT = 0.12;
/** Steps of the search for the cut, in shares of the side, from coarse to fine. */
const STEPS = [2 / SIDE, 1 / SIDE, 0.5 / SIDE, 0.25 / SIDE] as const;
/** Root of the mean squared difference, of 255, under which two aligned pictures are one. */
const SAME_DIFFERENCE = 13;
/** Least correlation of the two: a faint picture differs little from any other faint one. */
const SAME_CORRELATION = 0.972;
/** The largest mean difference of any 4 x 4 cells: a face with another mouth is another face. */
const SAME_PATCH = 24;
const PATCH = 4;
/** The largest difference of the mean of a colour channel: a heart in another colour is another. */
const SAME_COLOUR = 10;
/** Pictures with less contrast than this are too plain to compare. */
const LEAST_CONTRAST = 5;
/** A difference before alignment, of 6 x 6 blocks, that no small cut explains. */
const HOPELESS = 40;
/** A correlation of those blocks that no small cut brings about. */
const UNRELATED = 0.6;

/** The part of a picture that is left: shares of its width and height. */
interface Cut {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const WHOLE: Cut = { left: 0, right: 1, top: 0, bottom: 1 };

/** A thumbnail as planes of [side, side] values, 0 to 255. */
export interface Planes {
  readonly luma: Float32Array;
  readonly colours: readonly [Float32Array, Float32Array, Float32Array];
  /** Means of 6 x 6 blocks of the luma: `blocksOf`. */
  readonly blocks: Float32Array;
}

const BLOCKS = 6;
const BLOCK = SIDE / BLOCKS;

/** [6, 6] block means of luma [side, side]. */
export function blocksOf(luma: Float32Array): Float32Array {
  const blocks = new Float32Array(BLOCKS * BLOCKS);
  luma.forEach((value, at) => {
    const row = Math.floor(at / SIDE / BLOCK);
    const column = Math.floor((at % SIDE) / BLOCK);
    const block = row * BLOCKS + column;
    blocks[block] = (blocks[block] ?? 0) + value / BLOCK ** 2;
  });
  return blocks;
}

function blockDifference(a: Planes, b: Planes): number {
  let sum = 0;
  for (let at = 0; at < BLOCKS ** 2; at++) sum += ((a.blocks[at] ?? 0) - (b.blocks[at] ?? 0)) ** 2;
  return Math.sqrt(sum) / BLOCKS;
}

/** Correlation of the blocks: that of unrelated pictures is near 0, whatever their brightness. */
function blockCorrelation({ blocks: a }: Planes, { blocks: b }: Planes): number {
  const cells = BLOCKS ** 2;
  let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0];
  for (let at = 0; at < cells; at++) {
    const [x, y] = [a[at] as number, b[at] as number];
    sumA += x;
    sumB += y;
    squareA += x * x;
    squareB += y * y;
    product += x * y;
  }
  const spreads = (squareA - sumA ** 2 / cells) * (squareB - sumB ** 2 / cells);
  // Pictures that differ inside their blocks alone say nothing here.
  return spreads < 1 ? 1 : (product - (sumA * sumB) / cells) / Math.sqrt(spreads);
}

/**
 * Whether one image is the other, or the other with a little cut off its edges. It searches for the crop that
 * makes them most alike, then requires agreement in the overall mean, in every patch, in contrast and in
 * colour. The limits lie between copies of images with up to a tenth cut off and different images of one kind
 * (emoji that differ by a mouth or a hair); they were found by experiment.
 */
export function isNearDuplicate(a: Planes, b: Planes): boolean {
  if (blockDifference(a, b) > HOPELESS || blockCorrelation(a, b) < UNRELATED) return false;
  if (contrastOf(a.luma) < LEAST_CONTRAST || contrastOf(b.luma) < LEAST_CONTRAST) return false;
  return fits(a, b) || fits(b, a);
}

/** Whether `part` is `whole` with something cut off. */
function fits(whole: Planes, part: Planes): boolean {
  const view = new Float32Array(CELLS);
  let cut = WHOLE;
  let best = meanSquare(whole.luma, part.luma);
  for (const step of STEPS) {
    for (let moved = true; moved; ) {
      moved = false;
      for (const next of neighboursOf(cut, step)) {
        const found = meanSquare(sample(whole.luma, next, view), part.luma, best);
        if (found < best) [best, cut, moved] = [found, next, true];
      }
    }
    // After the coarse steps the cut is nearly found: what is far off now stays far off.
    if (best > (2.5 * SAME_DIFFERENCE) ** 2) return false;
  }
  if (best > SAME_DIFFERENCE ** 2 || !agree(sample(whole.luma, cut, view), part.luma)) return false;
  return whole.colours.every((plane, channel) => {
    const other = part.colours[channel] ?? plane;
    return Math.abs(meanOf(sample(plane, cut, view)) - meanOf(other)) <= SAME_COLOUR;
  });
}

function neighboursOf(cut: Cut, step: number): Cut[] {
  return [-step, step]
    .flatMap((change) => [
      { ...cut, left: cut.left + change },
      { ...cut, top: cut.top + change },
      { ...cut, right: cut.right + change },
      { ...cut, bottom: cut.bottom + change },
    ])
    .filter(isSmall);
}

function isSmall({ left, right, top, bottom }: Cut): boolean {
  return [left, top, 1 - right, 1 - bottom].every((cut) => cut >= 0 && cut <= MOST_CUT);
}

/** A part of a picture, enlarged to the full side (bilinear), written into `into`. */
function sample(picture: Float32Array, cut: Cut, into: Float32Array): Float32Array {
  const columns = place(COLUMNS, cut.left, cut.right);
  const rows = place(ROWS, cut.top, cut.bottom);
  // Plain loops: this is where nearly all of the time goes.
  for (let y = 0; y < SIDE; y++) {
    const top = (rows.low[y] as number) * SIDE;
    const bottom = (rows.high[y] as number) * SIDE;
    const down = rows.share[y] as number;
    for (let x = 0; x < SIDE; x++) {
      const low = columns.low[x] as number;
      const high = columns.high[x] as number;
      const share = columns.share[x] as number;
      const upper = mix(picture[top + low], picture[top + high], share);
      const lower = mix(picture[bottom + low], picture[bottom + high], share);
      into[y * SIDE + x] = mix(upper, lower, down);
    }
  }
  return into;
}

/**
 * The two cells between which each sample lies, and its position between them. Overwritten by the next call.
 */
interface Places {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly share: Float64Array;
}

const newPlaces = (): Places => ({
  low: new Uint8Array(SIDE),
  high: new Uint8Array(SIDE),
  share: new Float64Array(SIDE),
});
const COLUMNS = newPlaces();
const ROWS = newPlaces();

function place(places: Places, from: number, to: number): Places {
  for (let cell = 0; cell < SIDE; cell++) {
    const at = (from + ((cell + 0.5) / SIDE) * (to - from)) * SIDE - 0.5;
    const inside = Math.max(0, Math.min(SIDE - 1, at));
    const low = Math.floor(inside);
    places.low[cell] = low;
    places.high[cell] = Math.min(SIDE - 1, low + 1);
    places.share[cell] = inside - low;
  }
  return places;
}

const mix = (a: number | undefined, b: number | undefined, share: number) =>
  (a as number) + ((b as number) - (a as number)) * share;

/** @param enough gives up as soon as the mean is known to be more than this */
function meanSquare(a: Float32Array, b: Float32Array, enough = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  for (let row = 0; row < CELLS; row += SIDE) {
    for (let at = row; at < row + SIDE; at++) {
      const difference = (a[at] as number) - (b[at] as number);
      sum += difference * difference;
    }
    if (sum > enough * CELLS) return Number.POSITIVE_INFINITY;
  }
  return sum / CELLS;
}

function meanOf(picture: Float32Array): number {
  return picture.reduce((sum, value) => sum + value, 0) / CELLS;
}

function contrastOf(picture: Float32Array): number {
  const mean = meanOf(picture);
  return Math.sqrt(picture.reduce((sum, value) => sum + (value - mean) ** 2, 0) / CELLS);
}

function agree(a: Float32Array, b: Float32Array): boolean {
  return correlation(a, b) >= SAME_CORRELATION && largestPatch(a, b) <= SAME_PATCH;
}

function correlation(a: Float32Array, b: Float32Array): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  const product = a.reduce((sum, value, at) => sum + (value - meanA) * ((b[at] ?? 0) - meanB), 0);
  return product / CELLS / (contrastOf(a) * contrastOf(b));
}

function largestPatch(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let top = 0; top + PATCH <= SIDE; top += PATCH / 2) {
    for (let left = 0; left + PATCH <= SIDE; left += PATCH / 2) {
      let sum = 0;
      for (let cell = 0; cell < PATCH * PATCH; cell++) {
        const at = (top + Math.floor(cell / PATCH)) * SIDE + left + (cell % PATCH);
        sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
      }
      largest = Math.max(largest, sum / PATCH ** 2);
    }
  }
  return largest;
}
