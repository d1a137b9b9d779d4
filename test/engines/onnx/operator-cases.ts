import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Tensor } from '../../../src/base/tensor.ts';
import { addGradients } from '../../../src/engines/onnx/backward.ts';
import { Graph } from '../../../src/engines/onnx/graph.ts';
import type { Lowering } from '../../../src/engines/onnx/lowering.ts';
import type { Attributes, Inputs, OpName, Value } from '../../../src/engines/onnx/operator.ts';
import { relativeError } from './closeness.ts';
import { runGraph } from './run-graph.ts';

interface Packed {
  readonly shape: number[];
  readonly data: number[];
}
/** An operator's values and gradients by PyTorch. */
export interface OperatorCase {
  readonly name: string;
  readonly op: OpName;
  readonly attributes: Attributes<OpName>;
  readonly inputs: Packed[];
  readonly wanted: number[];
  readonly kinks: boolean;
  readonly y: Packed;
  readonly dy: Packed;
  readonly gradients: Packed[];
}

/** float32 against PyTorch's float64. */
const TOLERANCE = 2e-6;

const golden = new URL('../../golden/operator-gradients.json', import.meta.url);
export const { cases } = JSON.parse(readFileSync(golden, 'utf8')) as {
  cases: OperatorCase[];
};

export const tensorOf = ({ shape, data }: Packed): Tensor => ({
  shape,
  data: Float32Array.from(data),
});

/** Σ op(inputs) dy, with y and the loss as outputs. */
export function caseGraph({ op, attributes, inputs, dy }: OperatorCase) {
  const graph = new Graph();
  const values = inputs.map(({ shape }, index) => graph.input(`x${index}`, shape));
  const y = graph.add(op, values as unknown as Inputs<OpName>, attributes);
  const product = graph.add('mul', [y, graph.constant('dy', tensorOf(dy))], {});
  const axes = product.shape.map((_, axis) => axis);
  const loss = graph.add('reduceSum', [product], { axes, keepDims: false });
  graph.output('y', y);
  graph.output('loss', loss);
  return { graph, values, loss };
}

export const feedsOf = ({ inputs }: OperatorCase) =>
  new Map(inputs.map((input, index) => [`x${index}`, tensorOf(input)]));

/** Compares the values and gradients of a lowering on a device with PyTorch's. */
export async function expectPyTorch(
  example: OperatorCase,
  lowering: Lowering,
  device = 'cpu',
): Promise<void> {
  const { graph, values, loss } = caseGraph(example);
  const targets = example.wanted.map((index) => values[index] as Value);
  addGradients(graph, loss, targets).forEach((gradient, index) => {
    graph.output(`gradient${index}`, gradient);
  });
  const results = await runGraph(graph, feedsOf(example), lowering, device);
  expect(results.get('y')?.shape).toEqual(example.y.shape);
  expect(relativeError(results.get('y')?.data ?? [], example.y.data)).toBeLessThan(TOLERANCE);
  example.gradients.forEach(({ shape, data }, index) => {
    const found = results.get(`gradient${index}`);
    expect(found?.shape).toEqual(shape);
    expect(relativeError(found?.data ?? [], data)).toBeLessThan(TOLERANCE);
  });
}
