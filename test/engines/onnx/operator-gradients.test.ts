import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/base/rng.ts';
import { addGradients } from '../../../src/engines/onnx/backward.ts';
import { Graph } from '../../../src/engines/onnx/graph.ts';
import { STANDARD } from '../../../src/engines/onnx/lowering.ts';
import type { OpName } from '../../../src/engines/onnx/operator.ts';
import { PORTABLE } from '../../../src/engines/onnx/portable/choose.ts';
import { OPERATORS, operatorOf } from '../../../src/engines/onnx/table.ts';
import { WINOGRAD } from '../../../src/engines/onnx/winograd/index.ts';
import { caseGraph, cases, expectPyTorch, feedsOf, tensorOf } from './operator-cases.ts';
import { compile } from './run-graph.ts';

/** Central differences in float32: rounding of the two sums, and the third derivative. */
const DIFFERENCE_TOLERANCE = 2e-3;
const STEP = 2 ** -6;

describe.each(cases)('$op: $name', (example) => {
  it.each([
    ['standard', STANDARD],
    ['Winograd', WINOGRAD],
    ['portable', PORTABLE],
  ])('gives the values and gradients of PyTorch, %s', async (_name, lowering) => {
    await expectPyTorch(example, lowering);
  });

  it.skipIf(example.kinks)('agrees with central differences', async () => {
    const { graph } = caseGraph(example);
    const compiled = await compile(graph);
    const rng = createRng('differences', example.name);
    const feeds = feedsOf(example);
    for (const [index, input] of example.wanted.entries()) {
      const packed = example.inputs[input];
      if (packed === undefined) throw new Error(`no input ${input}`);
      const { shape, data } = tensorOf(packed);
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
