import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Graph } from '../../src/engines/onnx/graph.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { lower } from '../../src/engines/onnx/lower.ts';
import { createSession } from '../../src/engines/onnx/session.ts';
import { useTemporaryFolder } from '../dataset/images.ts';
import { nameOf } from '../engines/compare.ts';
import { batchesAt, type Case, PAIRWISE_CASES, prepare } from '../engines/tiny-cases.ts';
import { operatorsElsewhere, operatorsRun, profileInto } from './profile.ts';

const folder = useTemporaryFolder();

/** Every ONNX operator that ran in the cases below. */
const ran = new Set<string>();

function emptyFolder(): string {
  const path = join(folder(), 'profiles');
  mkdirSync(path, { recursive: true });
  return path;
}

describe('by the profile of the runtime, no operator runs elsewhere than on webgpu', () => {
  it.each(PAIRWISE_CASES.map((one) => [nameOf(one), one] as const))(
    'in a step, a prediction and the frozen prefix: %s',
    async (_name, one: Case) => {
      const profiles = emptyFolder();
      const engine = await createOnnxEngine({ device: 'webgpu', profile: profileInto(profiles) });
      const { request, rates } = prepare(one);
      const [batch] = await batchesAt(engine, request);
      if (batch === undefined) throw new Error('no batches');
      const program = await engine.compileTraining(request);
      await program.step(batch, rates[0] ?? []);
      await program.predict(batch.rows, batch.count);
      await program.state();
      await program.release();
      for (const { operator } of operatorsRun(profiles)) ran.add(operator);
      const graphs = new Set(operatorsRun(profiles).map(({ graph }) => graph.replace(/\d+$/, '')));
      const expected = ['copy', 'gradient', 'predict', 'update'];
      expect([...graphs].sort()).toEqual(
        request.from === 0 ? expected : [...expected, 'forward'].sort(),
      );
      expect(operatorsElsewhere(profiles)).toEqual([]);
    },
  );

  it('in the solver of a head', async () => {
    const profiles = emptyFolder();
    const engine = await createOnnxEngine({ device: 'webgpu', profile: profileInto(profiles) });
    const program = await engine.compileLinear({
      features: Float32Array.from({ length: 12 }, (_, at) => Math.sin(at)),
      labels: [0, 1, 2, 1],
      inputs: 3,
      classes: 3,
    });
    await program.evaluate(new Float32Array(12).fill(0.1), new Float32Array(4).fill(0.25));
    await program.release();
    expect(operatorsRun(profiles).map(({ graph }) => graph)).toContain('linear');
    expect(operatorsElsewhere(profiles)).toEqual([]);
  });

  it('and those that ran are the ones that docs/gpu.md names', () => {
    const page = readFileSync('docs/gpu.md', 'utf8');
    const [, named = ''] = /<!-- operators -->([\s\S]*?)<!-- end -->/.exec(page) ?? [];
    expect([...ran].sort()).toEqual([...named.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  });

  it('and the list is not empty where one does', async () => {
    const profiles = emptyFolder();
    const graph = new Graph();
    graph.output('y', graph.add('logSoftmax', [graph.input('x', [1, 2])], {}));
    const options = { device: 'webgpu', strict: false, profile: profileInto(profiles) };
    const session = await createSession(lower(graph, { name: 'left' }), options);
    const x = { shape: [1, 2], data: new Float32Array(2) };
    await session.run(new Map([['x', x]]), new Map([['y', { ...x, data: new Float32Array(2) }]]));
    await session.release();
    expect(operatorsElsewhere(profiles)).toEqual(['left: LogSoftmax on CPUExecutionProvider']);
  });
});

it('a graph with such an operator is refused, with exit 5', async () => {
  const graph = new Graph();
  graph.output('y', graph.add('logSoftmax', [graph.input('x', [1, 2])], {}));
  await expect(
    createSession(lower(graph, { name: 'left' }), { device: 'webgpu' }),
  ).rejects.toMatchObject({
    exitCode: 5,
    details: {
      found: 'an operator that it leaves to the CPU',
      fix: expect.stringContaining('cpu'),
    },
  });
});

it('a tensor that is larger than the adapter allows is exit 5, with what makes it smaller', async () => {
  const [rows, columns] = [2 ** 15, 2 ** 15];
  const graph = new Graph();
  const table = graph.add('mul', [graph.input('x', [rows, 1]), graph.input('z', [1, columns])], {});
  graph.output('y', graph.add('reduceSum', [table], { axes: [0, 1], keepDims: false }));
  const session = await createSession(lower(graph, { name: 'table' }), { device: 'webgpu' });
  const feeds = new Map([
    ['x', { shape: [rows, 1], data: new Float32Array(rows) }],
    ['z', { shape: [1, columns], data: new Float32Array(columns) }],
  ]);
  const y = { shape: [], data: new Float32Array(1) };
  await expect(session.run(feeds, new Map([['y', y]]))).rejects.toMatchObject({
    exitCode: 5,
    details: {
      expected: 'more memory of the device',
      fix: expect.stringMatching(/--micro-batch.*--resume/),
    },
  });
  await session.release();
});
