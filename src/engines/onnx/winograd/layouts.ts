import type { Shape } from '../../../base/tensor.ts';
import { type Named, PLAIN } from '../lowering.ts';
import type { Emitter, Layout, Value } from '../operator.ts';
import {
  INPUT_TRANSFORM,
  KERNEL_TRANSFORM,
  POINT_COUNT,
  positionInTile,
  TILE,
  TURNED_KERNEL_TRANSFORM,
} from './matrices.ts';
import { type PixelRows, patchPixels, samePixels, scanRows, tileRows } from './tiling.ts';

/** A map as [16, tiles, C]: tiles of 4 x 4. Rows that are no pixels are zero. */
export const TILES = 'tiles';
/** A map as [4, tiles, C]: tiles of 2 x 2, as a pool leaves them. Rows that are no pixels are zero. */
export const POOLED = 'pooled tiles';
/** A map as [36, tiles, C]: the patches that tiles of 4 x 4 are computed from, at the points. */
export const POINTS = 'points';
/** A map of few channels as [16, 9 C + 1, tiles]: the 3 x 3 surroundings of each pixel, and a one. */
export const SURROUNDINGS = 'surroundings';
/** A kernel [O, I, 3, 3] at the points, as [36, I, O]. */
export const KERNEL_POINTS = 'kernel points';
/** The kernel turned by half a circle at the points, as [36, O, I]: for the input's gradient. */
export const TURNED_KERNEL_POINTS = 'turned kernel points';

/** Emits the conversion of a value into a layout; a later request for the same returns the same. */
export function convert(e: Emitter, value: Value, from: Named, to: Layout): string {
  switch (to) {
    case PLAIN:
      return toPlain(e, value, from);
    case TILES:
    case POOLED:
      return toTiles(e, value, from, to);
    case POINTS:
      return toPoints(e, value, from);
    case SURROUNDINGS:
      return toSurroundings(e, value);
    case KERNEL_POINTS:
      return kernelPoints(e, value);
    case TURNED_KERNEL_POINTS:
      return turnedKernelPoints(e, value);
    default:
      throw new Error(`winograd: no conversion from ${from.layout} to ${to}`);
  }
}

/** The shape of a value in a layout. */
export function shapeIn({ shape }: Value, layout: Layout): Shape {
  const [first = 1, second = 1] = shape;
  switch (layout) {
    case TILES:
    case POOLED: {
      const { places, tiles } = tileRows(shape, sideOf(layout));
      return [places, tiles, second];
    }
    case POINTS:
      return [POINT_COUNT, tileRows(shape, TILE).tiles, second];
    case SURROUNDINGS:
      return [TILE * TILE, 9 * second + 1, tileRows(shape, TILE).tiles];
    case KERNEL_POINTS:
      return [POINT_COUNT, second, first];
    case TURNED_KERNEL_POINTS:
      return [POINT_COUNT, first, second];
    default:
      return shape;
  }
}

export const sideOf = (layout: typeof TILES | typeof POOLED) => (layout === TILES ? TILE : 2);

/** The value as rows of channels [rows, C], and where its pixels are. */
function pixelRows(e: Emitter, value: Value, from: Named): { name: string; rows: PixelRows } {
  const channels = value.shape[1] ?? 1;
  const asRows = (name: string) => e.step('Reshape', [name, e.ints([-1, channels])]);
  if (from.layout === TILES || from.layout === POOLED) {
    return { name: asRows(from.name), rows: tileRows(value.shape, sideOf(from.layout)) };
  }
  const last = e.step('Transpose', [e.read(value)], { attributes: perm(0, 2, 3, 1) });
  const zero = e.floats(new Float32Array(channels), [1, channels]);
  const name = e.step('Concat', [asRows(last), zero], { attributes: { axis: { int: 0 } } });
  return { name, rows: scanRows(value.shape) };
}

function gatherRows(e: Emitter, rows: string, key: string, make: () => Int32Array): string {
  const index = e.constant(key, () => {
    const data = make();
    return { shape: [data.length], data };
  });
  return e.step('Gather', [rows, index], { attributes: { axis: { int: 0 } } });
}

function toPlain(e: Emitter, value: Value, from: Named): string {
  const [images = 1, channels = 1, height = 1, width = 1] = value.shape;
  const { name, rows } = pixelRows(e, value, from);
  const key = `pixels of ${from.layout} ${value.shape}`;
  const scan = scanRows(value.shape);
  const found = gatherRows(e, name, key, () =>
    samePixels(value.shape, rows, scan).subarray(0, scan.zero),
  );
  const maps = e.step('Reshape', [found, e.ints([images, height, width, channels])]);
  return e.step('Transpose', [maps], { attributes: perm(0, 3, 1, 2) });
}

function toTiles(e: Emitter, value: Value, from: Named, to: typeof TILES | typeof POOLED): string {
  const { name, rows } = pixelRows(e, value, from);
  const key = `${to} of ${from.layout} ${value.shape}`;
  const found = gatherRows(e, name, key, () =>
    samePixels(value.shape, rows, tileRows(value.shape, sideOf(to))),
  );
  return e.step('Reshape', [found, e.ints(shapeIn(value, to))]);
}

function toPoints(e: Emitter, value: Value, from: Named): string {
  const { name, rows } = pixelRows(e, value, from);
  const { tiles } = tileRows(value.shape, TILE);
  const key = `patches of ${from.layout} ${value.shape}`;
  const patches = gatherRows(e, name, key, () => patchPixels(value.shape, tiles, rows));
  const flat = e.step('Reshape', [patches, e.ints([POINT_COUNT, -1])]);
  const transform = e.constant(INPUT_TRANSFORM.key, () => INPUT_TRANSFORM);
  const points = e.step('MatMul', [transform, flat]);
  return e.step('Reshape', [points, e.ints(shapeIn(value, POINTS))]);
}

/**
 * In two stages: numbers to patches, [36 C, tiles]; and rows of those to the surroundings of each
 * place. A last row of ones, zero for the tile of zeros, lets a bias be one more weight.
 */
function toSurroundings(e: Emitter, value: Value): string {
  const { shape } = value;
  const [images = 1, channels = 1, height = 1, width = 1] = shape;
  const { tiles } = tileRows(shape, TILE);
  const flat = e.step('Reshape', [e.read(value), e.ints([-1])]);
  const numbers = e.step('Concat', [flat, e.floats([0], [1])], {
    attributes: { axis: { int: 0 } },
  });
  const plane = height * width;
  const zero = images * channels * plane;
  const patches = gatherRows(e, numbers, `patches of numbers ${shape}`, () => {
    const index = new Int32Array(POINT_COUNT * channels * tiles);
    for (let channel = 0; channel < channels; channel++) {
      const row = (image: number, y: number, x: number) =>
        (image * channels + channel) * plane + y * width + x;
      const found = patchPixels(shape, tiles, { zero, row });
      index.set(found, channel * POINT_COUNT * tiles);
    }
    return index;
  });
  const ones = e.constant(`ones ${tiles}`, () => {
    const data = new Float32Array(tiles).fill(1, 0, tiles - 1);
    return { shape: [1, tiles], data };
  });
  const rows = e.step('Reshape', [patches, e.ints([-1, tiles])]);
  const all = e.step('Concat', [rows, ones], { attributes: { axis: { int: 0 } } });
  const found = gatherRows(e, all, `surroundings ${channels}`, () => surroundings(channels));
  return e.step('Reshape', [found, e.ints(shapeIn(value, SURROUNDINGS))]);
}

/** Rows of the patches [36 C + 1, tiles] for each place and each entry of a kernel [C, 3, 3]. */
function surroundings(channels: number): Int32Array {
  const entries = 9 * channels + 1;
  const index = new Int32Array(TILE * TILE * entries).fill(POINT_COUNT * channels);
  for (let place = 0; place < TILE * TILE; place++) {
    const [y, x] = [Math.floor(place / TILE), place % TILE];
    for (let entry = 0; entry < 9 * channels; entry++) {
      const [channel, tap] = [Math.floor(entry / 9), entry % 9];
      const pixel = (y + Math.floor(tap / 3)) * 6 + x + (tap % 3);
      index[positionInTile(y, x) * entries + entry] = channel * POINT_COUNT + pixel;
    }
  }
  return index;
}

/** Channels are exchanged before the transform, which makes four times as much to move. */
function kernelPoints(e: Emitter, kernel: Value): string {
  const [outputs = 1, inputs = 1] = kernel.shape;
  const taps = e.step('Reshape', [e.read(kernel), e.ints([outputs, inputs, 9])]);
  const exchanged = e.step('Transpose', [taps], { attributes: perm(1, 0, 2) });
  return atPoints(e, exchanged, KERNEL_TRANSFORM, shapeIn(kernel, KERNEL_POINTS));
}

function turnedKernelPoints(e: Emitter, kernel: Value): string {
  const shape = shapeIn(kernel, TURNED_KERNEL_POINTS);
  return atPoints(e, e.read(kernel), TURNED_KERNEL_TRANSFORM, shape);
}

function atPoints(
  e: Emitter,
  kernel: string,
  transform: typeof KERNEL_TRANSFORM,
  shape: Shape,
): string {
  const taps = e.step('Reshape', [kernel, e.ints([-1, 9])]);
  const points = e.step('Gemm', [e.constant(transform.key, () => transform), taps], {
    attributes: { transB: { int: 1 } },
  });
  return e.step('Reshape', [points, e.ints(shape)]);
}

export function perm(...axes: number[]) {
  return { perm: { ints: axes } };
}
