/** A value for each cell of a grid, row by row. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
}

/** The positions of the cells' centres in the image: `first + index * step` pixels along both sides. */
export interface GridPlace {
  readonly first: number;
  readonly step: number;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB bytes. */
  readonly pixels: Uint8Array;
}

/**
 * Overlays values from 0 to 1 on an image as colours: where they are low the image is grey and dark, where
 * they are high it shows through in warm colours. Values are interpolated between the cells' centres, and
 * constant beyond the outermost ones.
 */
export function overlayHeat(picture: Picture, grid: Grid, place: GridPlace): Picture {
  const { width, height, pixels } = picture;
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const heat = valueAt(
        grid,
        (x + 0.5 - place.first) / place.step,
        (y + 0.5 - place.first) / place.step,
      );
      const at = (y * width + x) * 3;
      const grey =
        0.3 * (pixels[at] ?? 0) + 0.59 * (pixels[at + 1] ?? 0) + 0.11 * (pixels[at + 2] ?? 0);
      const colour = heatColour(heat);
      for (let c = 0; c < 3; c++) {
        out[at + c] = Math.round(0.5 * grey + 0.5 * (colour[c] ?? 0));
      }
    }
  }
  return { width, height, pixels: out };
}

function valueAt({ columns, rows, values }: Grid, x: number, y: number): number {
  const left = Math.min(columns - 1, Math.max(0, Math.floor(x)));
  const top = Math.min(rows - 1, Math.max(0, Math.floor(y)));
  const right = Math.min(columns - 1, left + 1);
  const bottom = Math.min(rows - 1, top + 1);
  const [across, down] = [clamp(x - left), clamp(y - top)];
  const value = (row: number, column: number) => values[row * columns + column] ?? 0;
  const upper = value(top, left) * (1 - across) + value(top, right) * across;
  const lower = value(bottom, left) * (1 - across) + value(bottom, right) * across;
  return upper * (1 - down) + lower * down;
}

/** The "inferno" colour map of matplotlib (CC0), sampled at seven points. */
const COLOURS = [
  [0, 0, 4],
  [59, 15, 112],
  [140, 41, 99],
  [203, 65, 73],
  [247, 131, 17],
  [249, 201, 50],
  [252, 255, 164],
] as const;

function heatColour(value: number): readonly number[] {
  const at = clamp(value) * (COLOURS.length - 1);
  const index = Math.min(COLOURS.length - 2, Math.floor(at));
  const [from, to] = [COLOURS[index], COLOURS[index + 1]];
  return [0, 1, 2].map(
    (c) => (from?.[c] ?? 0) + ((to?.[c] ?? 0) - (from?.[c] ?? 0)) * (at - index),
  );
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
