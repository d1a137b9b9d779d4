import { sameShape, sizeOf } from '../../../base/tensor.ts';
import type { Operator, Value } from '../operator.ts';
import { expect, float } from './types.ts';

/** The same elements in row-major order under another shape. */
export const reshape: Operator<'reshape'> = {
  infer: ([x], { shape }) => {
    expect(sizeOf(x.shape) === sizeOf(shape), `[${x.shape}] cannot be reshaped to [${shape}]`);
    return float(shape);
  },
  emit: (e, { inputs: [x], attributes: { shape }, outputs: [y] }) =>
    e.node('Reshape', [e.read(x), e.ints(shape)], [e.write(y)]),
  gradient: [({ graph, dy, inputs: [x] }) => graph.add('reshape', [dy], { shape: x.shape })],
};

/** [N, ...] to [N, rest]: a reshape that does not name N, so that a model may leave it open. */
export const flatten: Operator<'flatten'> = {
  infer: ([x]) => float([x.shape[0] ?? 1, sizeOf(x.shape.slice(1))]),
  emit: (e, { inputs: [x], outputs: [y] }) =>
    e.node('Flatten', [e.read(x)], [e.write(y)], { attributes: { axis: { int: 1 } } }),
  gradient: [({ graph, dy, inputs: [x] }) => graph.add('reshape', [dy], { shape: x.shape })],
};

/** [N, size] to [N, ...shape], without naming N. */
export const unflatten: Operator<'unflatten'> = {
  infer: ([x], { shape }) => {
    expect(sizeOf(x.shape.slice(1)) === sizeOf(shape), `[${x.shape}] has no rows of [${shape}]`);
    return float([x.shape[0] ?? 1, ...shape]);
  },
  // Zero stands for the size that the axis has.
  emit: (e, { inputs: [x], attributes: { shape }, outputs: [y] }) =>
    e.node('Reshape', [e.read(x), e.ints([0, ...shape])], [e.write(y)]),
  gradient: [({ graph, dy }) => graph.add('flatten', [dy], {})],
};

/** Axis i of the output is axis permutation[i] of the input. */
export const transpose: Operator<'transpose'> = {
  infer: ([x], { permutation }) => float(permutation.map((axis) => x.shape[axis] ?? 1)),
  emit: (e, { inputs: [x], attributes: { permutation }, outputs: [y] }) =>
    e.node('Transpose', [e.read(x)], [e.write(y)], { attributes: { perm: { ints: permutation } } }),
  gradient: [
    ({ graph, dy, attributes: { permutation } }) => {
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return graph.add('transpose', [dy], { permutation: inverse });
    },
  ],
};

/** Axes of size 1 repeated; its gradient is the backward pass's un-broadcasting. */
export const expand: Operator<'expand'> = {
  infer: (_inputs, { shape }) => float(shape),
  emit: (e, { inputs: [x], attributes: { shape }, outputs: [y] }) =>
    e.node('Expand', [e.read(x), e.ints(shape)], [e.write(y)]),
  gradient: [({ dy }) => dy],
};

/** One behind the other along the axis of channels: [N, A, ...] and [N, B, ...] to [N, A + B, ...]. */
export const concat: Operator<'concat'> = {
  infer: ([a, b]) => {
    const others = ({ shape }: Value) => shape.filter((_, axis) => axis !== 1);
    expect(sameShape(others(a), others(b)), `[${a.shape}] and [${b.shape}] do not go together`);
    return float(a.shape.map((size, axis) => (axis === 1 ? size + channelsOf(b) : size)));
  },
  emit: (e, { inputs: [a, b], outputs: [y] }) =>
    e.node('Concat', [e.read(a), e.read(b)], [e.write(y)], { attributes: { axis: { int: 1 } } }),
  gradient: [
    ({ graph, dy, inputs: [a] }) => graph.add('slice', [dy], { start: 0, end: channelsOf(a) }),
    ({ graph, dy, inputs: [a] }) =>
      graph.add('slice', [dy], { start: channelsOf(a), end: channelsOf(dy) }),
  ],
};

/** Channels [start, end): what `concat` put together, apart again. */
export const slice: Operator<'slice'> = {
  infer: ([x], { start, end }) => {
    expect(0 <= start && start < end && end <= channelsOf(x), `[${x.shape}] has no such channels`);
    return float(x.shape.map((size, axis) => (axis === 1 ? end - start : size)));
  },
  emit: (e, { inputs: [x], attributes: { start, end }, outputs: [y] }) =>
    e.node('Slice', [e.read(x), e.ints([start]), e.ints([end]), e.ints([1])], [e.write(y)]),
  gradient: 'forbidden',
};

const channelsOf = ({ shape }: Value) => shape[1] ?? 0;
