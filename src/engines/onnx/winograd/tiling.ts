import type { Shape } from '../../../base/tensor.ts';
import { PATCH, POINT_COUNT, positionInTile, TILE } from './matrices.ts';

/**
 * Where the pixels of a map [N, C, H, W] are when it is kept as rows of C channels, one a pixel.
 *
 * In tiles, row p * T + t is the pixel at place p of tile t, the tiles of all images in scan order:
 * then one product with a constant matrix transforms all tiles of all channels at once. The sixteen
 * places of a tile of 4 x 4 are in the order (dy, dx, py, px) with y = 2 py + dy and x = 2 px + dx:
 * the four pixels of each pooling window differ in the two leading digits alone, so that a 2 x 2
 * pool is a maximum over four long, contiguous blocks, and what it leaves is a map in tiles of 2 x 2
 * with the same count of tiles. After the last tile comes one that is zero throughout: whatever lies
 * outside the map is read from there.
 */
export interface PixelRows {
  readonly count: number;
  /** A row of zeros. */
  readonly zero: number;
  row(image: number, y: number, x: number): number;
}

export interface TileRows extends PixelRows {
  /** Pixels of a tile, and tiles with the one of zeros. */
  readonly places: number;
  readonly tiles: number;
  /** Whether tiles reach over the edge of the map. */
  readonly ragged: boolean;
}

/** Pixels in scan order, image by image, and a row of zeros. */
export function scanRows([images = 1, , height = 1, width = 1]: Shape): PixelRows {
  const zero = images * height * width;
  return { count: zero + 1, zero, row: (image, y, x) => (image * height + y) * width + x };
}

/** @param side 4, or 2 for what a pool leaves of tiles of 4 */
export function tileRows([images = 1, , height = 1, width = 1]: Shape, side: 2 | 4): TileRows {
  const down = Math.ceil(height / side);
  const across = Math.ceil(width / side);
  const tiles = images * down * across + 1;
  const places = side * side;
  const place = side === 4 ? positionInTile : (y: number, x: number) => y * 2 + x;
  return {
    count: places * tiles,
    zero: tiles - 1,
    places,
    tiles,
    ragged: height % side !== 0 || width % side !== 0,
    row: (image, y, x) => {
      const tile = (image * down + Math.floor(y / side)) * across + Math.floor(x / side);
      return place(y % side, x % side) * tiles + tile;
    },
  };
}

/** For each row of `to`, the row of `from` that holds the same pixel. */
export function samePixels(shape: Shape, from: PixelRows, to: PixelRows): Int32Array {
  const index = new Int32Array(to.count).fill(from.zero);
  forEachPixel(shape, (image, y, x) => {
    index[to.row(image, y, x)] = from.row(image, y, x);
  });
  return index;
}

/** 1 for each row that is a pixel, else 0. */
export function pixelMask(shape: Shape, rows: PixelRows): Float32Array {
  const mask = new Float32Array(rows.count);
  forEachPixel(shape, (image, y, x) => {
    mask[rows.row(image, y, x)] = 1;
  });
  return mask;
}

/**
 * The patches of 6 x 6 that tiles of 4 x 4 are computed from, with one pixel around: entry
 * (a * 6 + b) * tiles + t is where pixel (a, b) of tile t's patch is found.
 */
export function patchPixels(
  [images = 1, , height = 1, width = 1]: Shape,
  tiles: number,
  from: Pick<PixelRows, 'zero' | 'row'>,
): Int32Array {
  const index = new Int32Array(POINT_COUNT * tiles).fill(from.zero);
  const down = Math.ceil(height / TILE);
  const across = Math.ceil(width / TILE);
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < down; row++) {
      for (let column = 0; column < across; column++) {
        const tile = (image * down + row) * across + column;
        for (let entry = 0; entry < POINT_COUNT; entry++) {
          const y = row * TILE + Math.floor(entry / PATCH) - 1;
          const x = column * TILE + (entry % PATCH) - 1;
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          index[entry * tiles + tile] = from.row(image, y, x);
        }
      }
    }
  }
  return index;
}

function forEachPixel(
  [images = 1, , height = 1, width = 1]: Shape,
  visit: (image: number, y: number, x: number) => void,
): void {
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) visit(image, y, x);
    }
  }
}
