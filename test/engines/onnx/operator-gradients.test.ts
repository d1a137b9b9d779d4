import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/base/rng.ts';
import type { Tensor } from '../../../src/base/tensor.ts';
import { addGradients } from '../../../src/engines/onnx/backward.ts';
import { Graph } from '../../../src/engines/onnx/graph.ts';
import { STANDARD } from '../../../src/engines/onnx/lowering.ts';
import type { Attributes, Inputs, OpName, Value } from '../../../src/engines/onnx/operator.ts';
import { OPERATORS, operatorOf } from '../../../src/engines/onnx/table.ts';
import { WINOGRAD } from '../../../src/engines/onnx/winograd/index.ts';
import { relativeError } from './closeness.ts';
import { compile, runGraph } from './run-graph.ts';

interface Packed {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
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
/** Central differences in float32: rounding of the two sums, and the third derivative. */
const DIFFERENCE_TOLERANCE = 2e-3;
const STEP = 2 ** -6;

const golden = new URL('../../golden/operator-gradients.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(golden, 'utf8')) as { cases: Case[] };

const tensorOf = ({ shape, data }: Packed): Tensor => ({ shape, data: Float32Array.from(data) });

/** Σ op(inputs) dy, with y and the loss as outputs. */
function caseGraph({ op, attributes, inputs, dy }: Case) {
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

const feedsOf = ({ inputs }: Case) =>
  new Map(inputs.map((input, index) => [`x${index}`, tensorOf(input)]));

describe.each(cases)('$op: $name', (example) => {
  it.each([
    ['standard', STANDARD],
    ['Winograd', WINOGRAD],
  ])('gives the values and gradients of PyTorch, %s', async (_name, lowering) => {
    const { graph, values, loss } = caseGraph(example);
    const targets = example.wanted.map((index) => values[index] as Value);
    addGradients(graph, loss, targets).forEach((gradient, index) => {
      graph.output(`gradient${index}`, gradient);
    });
    const results = await runGraph(graph, feedsOf(example), lowering);
    expect(results.get('y')?.shape).toEqual(example.y.shape);
    expect(relativeError(results.get('y')?.data ?? [], example.y.data)).toBeLessThan(TOLERANCE);
    example.gradients.forEach(({ shape, data }, index) => {
      const found = results.get(`gradient${index}`);
      expect(found?.shape).toEqual(shape);
      expect(relativeError(found?.data ?? [], data)).toBeLessThan(TOLERANCE);
    });
  });

  it.skipIf(example.kinks)('agrees with central differences', async () => {
    const { graph } = caseGraph(example);
    const compiled = await compile(graph);
    const rng = createRng('differences', example.name);
    const feeds = feedsOf(example);
    for (const [index, input] of example.wanted.entries()) {
      const { shape, data } = tensorOf(example.inputs[input] as Packed);
      for (let direction = 0; direction < 4; direction++) {
        const signs = data.map(() => (rng.uniform() < 0.5 ? -1 : 1));
        const at = async (step: number) => {
          const moved = { shape, data: data.map((x, i) => x + step * (signs[i] ?? 0)) };
          const results = await compiled.run(new Map([...feeds, [`x${input}`, moved] as const]));
          // Summed here in float64: the graph's own sum would round off what is looked for.
          const y = results.get('y')?.data ?? new Float32Array();
          return y.reduce((sum, value, i) => sum + value * (example.dy.data[i] ?? 0), 0);
        };
        const slope = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
        const gradient = example.gradients[index]?.data ?? [];
        const expected = gradient.reduce((sum, g, i) => sum + g * (signs[i] ?? 0), 0);
        const scale = Math.hypot(...gradient);
        expect(Math.abs(slope - expected) / Math.max(scale, 0.1)).toBeLessThan(
          DIFFERENCE_TOLERANCE,
        );
      }
    }
    await compiled.release();
  });
});

describe('the table of operators', () => {
  it('has a case of every gradient there is', () => {
    const differentiable = (Object.keys(OPERATORS) as OpName[]).filter(
      (op) => operatorOf(op).gradient !== 'forbidden',
    );
    const tried = new Set(cases.map(({ op }) => op));
    expect(differentiable.filter((op) => !tried.has(op))).toEqual([]);
  });

  it('refuses a gradient through an operator that forbids it', () => {
    const graph = new Graph();
    const x = graph.input('x', []);
    const y = graph.add('min', [x, graph.scalar(1)], {});
    expect(() => addGradients(graph, y, [x])).toThrow('min passes no gradient to its input 0');
  });
});
