import type { Builder, Emitter, Operator, Value } from '../operator.ts';
import { expect, float, matrixShape } from './types.ts';

const sumRows = (graph: Builder, dy: Value) =>
  graph.add('reduceSum', [dy], { axes: [0], keepDims: false });

function product(graph: Builder, a: Value, b: Value, transposed: readonly [boolean, boolean]) {
  const [transposeA, transposeB] = transposed;
  return graph.add('matmul', [a, b], { transposeA, transposeB });
}

function gemm(
  e: Emitter,
  inputs: readonly string[],
  outputs: readonly string[],
  flags: [boolean, boolean],
) {
  const [a, b] = flags.map((flag) => ({ int: flag ? 1 : 0 }));
  e.node('Gemm', inputs, outputs, {
    attributes: { ...(a && { transA: a }), ...(b && { transB: b }) },
  });
}

/** y = x kernelᵀ + bias: x [N, in], kernel [out, in], bias [out]. */
export const dense: Operator<'dense'> = {
  infer: ([x, kernel, bias]) => {
    const [rows, inputs] = matrixShape(x, 'dense');
    const [outputs, columns] = matrixShape(kernel, 'a dense kernel');
    expect(inputs === columns, `dense of ${columns} inputs is given ${inputs}`);
    expect(bias.shape[0] === outputs, `dense of ${outputs} outputs, bias [${bias.shape}]`);
    return float([rows, outputs]);
  },
  emit: (e, { inputs: [x, kernel, bias], outputs: [y] }) =>
    gemm(e, [e.read(x), e.read(kernel), e.read(bias)], [e.write(y)], [false, true]),
  gradient: [
    ({ graph, dy, inputs: [, kernel] }) => product(graph, dy, kernel, [false, false]),
    ({ graph, dy, inputs: [x] }) => product(graph, dy, x, [true, false]),
    ({ graph, dy }) => sumRows(graph, dy),
  ],
};

/**
 * a b (+ addend), either factor transposed first; matrices only. The addend lets a product be
 * added to an accumulator in the product's own loop.
 */
export const matmul: Operator<'matmul'> = {
  infer: ([a, b], { transposeA, transposeB }) => {
    const [aRows, aColumns] = matrixShape(a, 'matmul');
    const [bRows, bColumns] = matrixShape(b, 'matmul');
    const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const [inner2, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
    expect(inner === inner2, `[${a.shape}] and [${b.shape}] do not multiply`);
    return float([rows, columns]);
  },
  emit: (e, { inputs: [a, b, addend], attributes, outputs: [y] }) => {
    const inputs = [e.read(a), e.read(b), ...(addend === undefined ? [] : [e.read(addend)])];
    gemm(e, inputs, [e.write(y)], [attributes.transposeA, attributes.transposeB]);
  },
  gradient: [
    // y = op(a) op(b): d op(a) = dy op(b)ᵀ, and transposed where a is.
    ({ graph, dy, inputs: [, b], attributes: { transposeA, transposeB } }) =>
      transposeA
        ? product(graph, b, dy, [transposeB, true])
        : product(graph, dy, b, [false, !transposeB]),
    ({ graph, dy, inputs: [a], attributes: { transposeA, transposeB } }) =>
      transposeB
        ? product(graph, dy, a, [true, transposeA])
        : product(graph, a, dy, [!transposeA, false]),
    ({ dy }) => dy,
  ],
};
