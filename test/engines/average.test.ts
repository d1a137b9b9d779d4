import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.ts';
import { onnxEngine, tensorFlowEngine } from './engines.ts';
import { batchesAt, type Case, prepare, runSteps } from './tiny-cases.ts';

let engines: Readonly<Record<string, Engine>>;
beforeAll(async () => {
  engines = { onnx: await onnxEngine(), tensorflow: await tensorFlowEngine() };
});

const AVERAGE = 0.75;
const CASES: readonly Case[] = [
  { strategy: 'all', head: 'linear', optimizer: 'adam', batchNorm: true },
  { strategy: 'top', head: 'levels', optimizer: 'nesterov', batchNorm: false },
];

describe.each(['onnx', 'tensorflow'])('the moving average of %s', (name) => {
  it.each(CASES)('follows the weights of each step: $strategy, $optimizer', async (one) => {
    const engine = engines[name] as Engine;
    const { request, rates } = prepare(one);
    const optimizer = { ...request.optimizer, average: AVERAGE };
    const batches = await batchesAt(engine, request);
    const program = await engine.compileTraining({ ...request, optimizer });
    const trained = request.groups.flatMap(({ parameters }) => parameters);
    const read = () => program.state();
    const expected = new Map(
      trained.map((key) => [key, Float64Array.from(request.weights.get(key)?.data ?? [])]),
    );
    const before = await read();
    for (const key of trained) {
      expect([...(before.slots.get(`${key}.average`)?.data ?? [])], `${key} at the start`).toEqual([
        ...(expected.get(key) ?? []),
      ]);
    }
    for (let step = 0; step < 4; step++) {
      await runSteps(program, { batches, rates }, [step, step + 1]);
      const { weights } = await read();
      for (const [key, average] of expected) {
        const data = weights.get(key)?.data ?? new Float32Array();
        average.forEach((value, i) => {
          average[i] = AVERAGE * value + (1 - AVERAGE) * (data[i] as number);
        });
      }
    }
    const { slots } = await read();
    for (const [key, average] of expected) {
      const found = slots.get(`${key}.average`)?.data ?? new Float32Array();
      expect(found.length).toBe(average.length);
      const worst = average.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))),
        0,
      );
      expect(worst, key).toBeLessThan(1e-6);
    }
    await program.release();
  });

  it('changes nothing else', async () => {
    const engine = engines[name] as Engine;
    const [one] = CASES as [Case];
    const { request, rates } = prepare(one);
    const batches = await batchesAt(engine, request);
    const states = [];
    for (const optimizer of [request.optimizer, { ...request.optimizer, average: AVERAGE }]) {
      const program = await engine.compileTraining({ ...request, optimizer });
      states.push((await runSteps(program, { batches, rates }, [0, 3])).state.weights);
      await program.release();
    }
    expect(states[1]).toEqual(states[0]);
  });
});
