import type { EmitRule, Emitter, Value } from '../operator.ts';

/** The pool alone: the positions of the maxima are not asked for, since the gradient does without them. */
export const emitMaxPool: EmitRule<'maxPool'> = (e, { inputs: [x], attributes, outputs: [y] }) => {
  const window = { ints: [attributes.size, attributes.size] };
  e.node('MaxPool', [e.read(x)], [e.write(y)], {
    attributes: { kernel_shape: window, strides: window },
  });
};

/**
 * Each window's gradient goes to the first of its pixels, in scan order, that equals the maximum, as the positions
 * would say. Pixel (i, j) of every window is a strided slice of x. Where it equals the maximum it takes what is left
 * of the gradient, and leaves nothing to the pixels after it; so of several equal ones the first gets all.
 */
export const emitMaxPoolGrad: EmitRule<'maxPoolGrad'> = (e, node) => {
  const [dy, x, y] = node.inputs;
  const [dx] = node.outputs;
  const { size } = node.attributes;
  const maxima = e.read(y);
  const zero = e.floats([0], []);
  let left = e.read(dy);
  const rows: string[] = [];
  for (let i = 0; i < size; i++) {
    const row: string[] = [];
    for (let j = 0; j < size; j++) {
      // Whatever nobody took belongs to the last pixel: one comparison less.
      if (i === size - 1 && j === size - 1) {
        row.push(left);
        continue;
      }
      const wins = e.step('Equal', [pixelOfWindows(e, { x, y, size }, [i, j]), maxima]);
      row.push(e.step('Where', [wins, left, zero]));
      left = e.step('Where', [wins, zero, left]);
    }
    rows.push(interleaved(e, row, y.shape));
  }
  e.node('Identity', [assembled(e, rows, { x, y, size })], [e.write(dx)]);
};

interface Windows {
  readonly x: Value;
  readonly y: Value;
  readonly size: number;
}

/** x[:, :, i::size, j::size], without the rows and columns that belong to no window. */
function pixelOfWindows(
  e: Emitter,
  { x, y, size }: Windows,
  at: readonly [number, number],
): string {
  const ends = at.map((start, axis) => start + (sizeAt(y, axis) - 1) * size + 1);
  return e.step('Slice', [
    e.read(x),
    e.ints(at),
    e.ints(ends),
    e.ints([2, 3]),
    e.ints([size, size]),
  ]);
}

/** Maps [N, C, h, w], one for each column of the windows, as [N C, h, 1, w size]. */
function interleaved(e: Emitter, columns: readonly string[], shape: Value['shape']): string {
  const [n = 1, channels = 1, height = 1, width = 1] = shape;
  const apart = columns.map((name) =>
    e.step('Reshape', [name, e.ints([n * channels, height, width, 1])]),
  );
  const joined = e.step('Concat', apart, { attributes: { axis: { int: 3 } } });
  return e.step('Reshape', [joined, e.ints([n * channels, height, 1, width * columns.length])]);
}

/** Rows of the windows [N C, h, 1, w size] as a map of the shape of x, with zeros where no window was. */
function assembled(e: Emitter, rows: readonly string[], { x, y, size }: Windows): string {
  const [n = 1, channels = 1] = x.shape;
  const joined = e.step('Concat', rows, { attributes: { axis: { int: 2 } } });
  const sides = [0, 1].map((axis) => sizeAt(y, axis) * size);
  const map = e.step('Reshape', [joined, e.ints([n, channels, ...sides])]);
  const missing = sides.map((side, axis) => sizeAt(x, axis) - side);
  if (missing.every((count) => count === 0)) return map;
  return e.step('Pad', [map, e.ints([0, 0, 0, 0, 0, 0, ...missing])]);
}

const sizeAt = ({ shape }: Value, axis: number) => shape[2 + axis] ?? 1;
