import type { FieldLayer, FieldLesson } from '../receptive-field.ts';
import { type Drawing, path, rect, text } from './svg.ts';

const SIDE = 250;

/** The squares of pixels that outputs of the last layer of each block see, one in another, over the image. */
export function fieldDrawing({ layers }: FieldLesson, size: number): Drawing {
  const pools = layers.filter(({ name }) => name.startsWith('pool'));
  const most = Math.max(size, ...pools.map((each) => each.size));
  const scale = SIDE / most;
  const middle = SIDE / 2 + 8;
  const square = (side: number) => {
    const width = side * scale;
    return { x: middle - width / 2, y: middle - width / 2, width, height: width };
  };
  const height = SIDE + 16;
  const labels = pools.toReversed().map((pool, at) => label(pool, { at, scale, middle }));
  return {
    width: 420,
    height,
    title: `The image, ${size} pixels a side, and within it the receptive fields of ${pools.map((each) => `${each.name}: ${each.size}`).join(', ')} pixels`,
    parts: [
      rect(square(size), { fill: 'line', opacity: 0.45 }),
      ...pools
        .toReversed()
        .map((each) => rect(square(each.size), { fill: 'first', stroke: 'first', opacity: 0.18 })),
      rect(square(size), { stroke: 'second' }),
      ...labels.flat(),
      text(SIDE + 30, height - 8, `image ${size} x ${size}`, { colour: 'second' }),
    ],
  };
}

/** The name of a field, with a line to its upper right corner. */
function label(
  { name, size }: FieldLayer,
  { at, scale, middle }: { readonly at: number; readonly scale: number; readonly middle: number },
) {
  const half = (size * scale) / 2;
  const y = 16 + 30 * at;
  return [
    path(
      [
        [middle + half, middle - half],
        [SIDE + 26, y - 4],
      ],
      { stroke: 'quiet' },
    ),
    text(SIDE + 30, y, `${name}: ${size} x ${size}`),
  ];
}

const CELL = 22;
const WIDTH = 420;
/** Where the middle of a stack is; the names of its rows stand to the right of it. */
const MIDDLE = WIDTH / 2 - 40;

const left = (row: number, cell: number) => MIDDLE + (cell - row - 0.5) * CELL;
const top = (row: number) => 12 + row * 52;

/** One output of a stack of 3x3 convolutions and the cells that it depends on, along one axis. */
export function stackDrawing(depth: number): Drawing {
  const widest = 2 * depth + 1;
  const rows = Array.from({ length: depth + 1 }, (_, row) => row);
  const names = rows.map((row) =>
    text(
      MIDDLE + (widest / 2) * CELL + 12,
      top(row) + 14,
      row === 0 ? '1 output' : `${2 * row + 1} cells`,
      { colour: 'quiet' },
    ),
  );
  return {
    width: WIDTH,
    height: top(depth) + CELL + 8,
    title: `One output of ${depth} convolutions with 3x3 kernels depends on ${widest} cells a side`,
    parts: [...rows.slice(1).map(beam), ...rows.flatMap((row) => cells(row, depth)), ...names],
  };
}

function cells(row: number, depth: number) {
  const look =
    row === 0
      ? ({ fill: 'second', stroke: 'first' } as const)
      : ({ fill: 'first', stroke: 'first', opacity: 0.35 + 0.5 * (1 - row / depth) } as const);
  return Array.from({ length: 2 * row + 1 }, (_, cell) =>
    rect({ x: left(row, cell), y: top(row), width: CELL - 2, height: CELL - 2 }, look),
  );
}

/** The shade between a row and the one above it, which reads it. */
function beam(row: number) {
  const above = top(row - 1) + CELL - 2;
  return path(
    [
      [left(row - 1, 0), above],
      [left(row, 0), top(row)],
      [left(row, 2 * row + 1) - 2, top(row)],
      [left(row - 1, 2 * row - 1) - 2, above],
    ],
    { fill: 'first', opacity: 0.12 },
  );
}
