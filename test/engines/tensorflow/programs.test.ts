import { beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../../src/base/rng.ts';
import { sizeOf } from '../../../src/base/tensor.ts';
import type { Engine } from '../../../src/engines/engine.ts';
import { toCanonical, toTensorFlow } from '../../../src/engines/tensorflow/layout.ts';
import type { TensorFlow } from '../../../src/engines/tensorflow/tensorflow.ts';
import { tensorFlow, tensorFlowEngine } from '../engines.ts';
import { relativeError } from '../onnx/closeness.ts';
import { BATCH, batch, goldenRuns, requestOf, runNamed, tensors } from '../onnx/small-vgg.ts';
import { batchesAt, prepare } from '../tiny-cases.ts';

/** Twenty steps in float32 against PyTorch's in float64. */
const TOLERANCE = 1e-4;

let engine: Engine;
let tf: TensorFlow;
beforeAll(async () => {
  engine = await tensorFlowEngine();
  tf = await tensorFlow();
});

describe.each(goldenRuns)('twenty steps: $name', (run) => {
  // Batch norm in training mode is the one layer for which accumulation is another computation.
  const microBatches = run.name.endsWith(', batch norm') ? [BATCH] : [4];

  it.each(microBatches)('follow PyTorch, %i rows a pass', async (microBatch) => {
    const program = await engine.compileTraining({ ...requestOf(run), microBatch });
    expect(run.learningRates).toHaveLength(20);
    for (const [step, rates] of run.learningRates.entries()) {
      const { loss } = await program.step(batch(step), rates);
      expect(Math.abs(loss / (run.losses[step] ?? 0) - 1), `step ${step}`).toBeLessThan(TOLERANCE);
    }
    const { weights, step } = await program.state();
    expect(step).toBe(20);
    for (const [name, { shape, data }] of tensors(run.final)) {
      expect(weights.get(name)?.shape).toEqual(shape);
      expect(relativeError(weights.get(name)?.data ?? [], data), name).toBeLessThan(TOLERANCE);
    }
    const { rows, count } = batch(0);
    const predictions = await program.predict(rows, count);
    expect(relativeError(predictions, run.predictions)).toBeLessThan(TOLERANCE);
    await program.release();
  });

  it('leave alone what is in no group', async () => {
    const program = await engine.compileTraining(requestOf(run));
    for (const step of [0, 1]) await program.step(batch(step), run.learningRates[step] ?? []);
    const trained = new Set(run.groups.flatMap(({ parameters }) => parameters));
    const moves = (name: string) =>
      trained.has(name) || (run.name.endsWith(', batch norm') && name.includes('running'));
    for (const [name, { data }] of tensors(run.initial)) {
      const now = (await program.state()).weights.get(name)?.data;
      if (moves(name)) expect(now, name).not.toEqual(data);
      else expect(now, name).toEqual(data);
    }
    await program.release();
  });
});

describe('a training program', () => {
  const run = runNamed('adamw, batch norm');

  it('is resumed from its state bit for bit', async () => {
    const step = async (program: Awaited<ReturnType<Engine['compileTraining']>>, index: number) =>
      (await program.step(batch(index), run.learningRates[index] ?? [])).loss;
    const whole = await engine.compileTraining(requestOf(run));
    for (const index of [0, 1, 2]) await step(whole, index);
    const saved = await whole.state();
    const after = [await step(whole, 3), await step(whole, 4)];
    const resumed = await engine.compileTraining(requestOf(run));
    resumed.load(saved);
    expect(await resumed.state()).toEqual(saved);
    expect([await step(resumed, 3), await step(resumed, 4)]).toEqual(after);
    expect(await resumed.state()).toEqual(await whole.state());
    await whole.release();
    await resumed.release();
  });

  it('does not change what it was given, nor what it gave', async () => {
    const request = requestOf(run);
    const program = await engine.compileTraining(request);
    const before = await program.state();
    const kept = [...before.weights].map(([name, { data }]) => [name, data.slice()] as const);
    await program.step(batch(0), run.learningRates[0] ?? []);
    expect([...before.weights].map(([name, { data }]) => [name, data])).toEqual(kept);
    expect(request.weights).toEqual(tensors(run.initial));
    await program.release();
  });

  it('refuses batches that do not fit', async () => {
    const program = await engine.compileTraining(requestOf(run));
    const full = batch(0);
    const rates = run.groups.map(() => 0);
    await expect(program.step({ ...full, count: 7 }, rates)).rejects.toThrow('1 to 6 rows, not 7');
    await expect(program.step(full, [0])).rejects.toThrow('2 groups, 1 learning rates');
    await expect(program.step({ ...full, dropout: new Map() }, rates)).rejects.toThrow(
      'drop1.mask of 6 rows has 60 elements, not 0',
    );
    await expect(program.step({ ...full, rows: new Float32Array(6 * 300) }, rates)).rejects.toThrow(
      'rows at boundary 0 are pixels',
    );
    const state = await program.state();
    expect(() => program.load({ ...state, slots: new Map() })).toThrow('conv1_1.weight.m');
    await program.release();
  });
});

describe('memory', () => {
  it('holds as many tensors after 50 steps as after the first, and none after the release', async () => {
    const { network, request, rates } = prepare({
      ...{ strategy: 'top', head: 'mlp', optimizer: 'adamw', batchNorm: true },
    });
    const batches = await batchesAt(engine, request);
    const [first, ...others] = batches;
    if (first === undefined) throw new Error('no batches');
    const before = tf.memory().numTensors;
    const program = await engine.compileTraining(request);
    const { from, weights } = request;
    const forward = await engine.compileForward({
      ...{ network, from, to: network.layers.length, weights, batchSize: first.count },
      ...{ taps: [from + 1], softmax: true },
    });
    const counts = new Set<number>();
    for (let step = 0; step < 50; step++) {
      await program.step(batches[step % batches.length] ?? first, rates[0] ?? []);
      if (step % 10 === 0) {
        await program.predict(first.rows, first.count);
        await forward.run(first.rows, first.count);
        program.load(await program.state());
      }
      counts.add(tf.memory().numTensors);
    }
    expect(others).not.toHaveLength(0);
    expect(counts.size).toBe(1);
    expect([...counts][0]).toBeGreaterThan(before);
    await program.release();
    await forward.release();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('layouts', () => {
  it('turn OIHW into HWIO and [out, in] into [in, out], and back without loss', () => {
    const rng = createRng('layouts');
    for (const shape of [[2, 3, 3, 3], [4, 5], [6]]) {
      const data = Float32Array.from({ length: sizeOf(shape) }, () => rng.normal());
      const inside = toTensorFlow(tf, { shape, data });
      expect(toCanonical(tf, inside)).toEqual({ shape, data });
      const [first, second, third, fourth] = shape;
      if (fourth !== undefined) expect(inside.shape).toEqual([third, fourth, second, first]);
      else if (second !== undefined) expect(inside.shape).toEqual([second, first]);
      // Element [o=1, i=2, h=0, w=1] of the kernel, by hand.
      if (fourth !== undefined) {
        expect(inside.dataSync()[((0 * 3 + 1) * 3 + 2) * 2 + 1]).toBe(
          data[((1 * 3 + 2) * 3 + 0) * 3 + 1],
        );
      }
      inside.dispose();
    }
  });
});

describe('ties of a maximum', () => {
  it('send the gradient to the first one, as PyTorch does', () => {
    const x = tf.tensor4d([2, 2, 1, 3, 2, 2, 3, 3], [1, 2, 4, 1]);
    const gradient = tf.grad((input) => tf.maxPool(input as typeof x, 2, 2, 'valid').sum())(x);
    expect([...gradient.dataSync()]).toEqual([1, 0, 0, 1, 0, 0, 0, 0]);
  });
});
