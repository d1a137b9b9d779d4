import { describe, expect, it } from 'vitest';
import { Graph } from '../../src/engines/onnx/graph.ts';
import { lower } from '../../src/engines/onnx/lower.ts';
import { loweringFor, tryForms } from '../../src/engines/onnx/portable/choose.ts';
import { PORTABLE_FORMS } from '../../src/engines/onnx/portable/forms.ts';
import { createSession } from '../../src/engines/onnx/session.ts';
import { cases, expectPyTorch } from '../engines/onnx/operator-cases.ts';

const lowering = await loweringFor('webgpu');

// Sessions on webgpu refuse a graph of which an operator would run elsewhere, so these ran on the device.
describe.each(cases)('$op: $name', (example) => {
  it('gives the values and gradients of PyTorch on webgpu', async () => {
    await expectPyTorch(example, lowering, 'webgpu');
  });
});

describe('pixels', () => {
  it.each([false, true])('are normalised as on the CPU, blue first: %s', async (reverse) => {
    const graph = new Graph();
    const pixels = graph.input('pixels', [2, 3, 5, 3], 'uint8');
    const affine = { reverse, scale: [0.5, 2, -1], shift: [1, -0.25, 3] };
    graph.output('y', graph.add('normalise', [pixels], affine));
    const data = Uint8Array.from({ length: 90 }, (_, at) => (at * 37) % 256);
    const results: Float32Array[] = [];
    for (const device of ['webgpu', 'cpu']) {
      const own = device === 'cpu' ? {} : { lowering };
      const session = await createSession(lower(graph, { name: 'pixels', ...own }), { device });
      const y = { shape: [2, 3, 3, 5], data: new Float32Array(90) };
      const feeds = new Map([['pixels', { shape: [2, 3, 5, 3], data }]]);
      await session.run(feeds, new Map([['y', y]]));
      await session.release();
      results.push(y.data);
    }
    expect(results[0]).toEqual(results[1]);
  });
});

it('the forms that webgpu needs are those of the table in docs/gpu.md', async () => {
  expect(await tryForms('webgpu')).toEqual(PORTABLE_FORMS);
  expect(await tryForms('cpu')).toEqual([]);
});
