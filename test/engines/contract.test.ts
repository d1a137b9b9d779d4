import { beforeAll, describe, expect, it } from 'vitest';
import { HEADS } from '../../src/network/catalog.ts';
import { differences, type Engines, nameOf, runOnBoth } from './compare.ts';
import { onnxEngine, tensorFlowEngine } from './engines.ts';
import { relativeError } from './onnx/closeness.ts';
import {
  BATCH,
  batchesAt,
  type Case,
  PAIRWISE_CASES,
  pixelBatches,
  prepare,
  runSteps,
  STEPS,
  startingWeights,
  tinyNetwork,
} from './tiny-cases.ts';

let engines: Engines;
beforeAll(async () => {
  engines = { one: await tensorFlowEngine(), other: await onnxEngine() };
});

/** What the engines may differ by, as a share of the largest number of a tensor. */
const TOLERANCE = 1e-3;

/** Enough to see a wrong rule; the slow tests make twenty of every case. */
const FEW_STEPS = 10;

describe('the same weights, batches and plan on both engines', () => {
  it.each(PAIRWISE_CASES.map((one) => [nameOf(one), one] as const))(
    'give the same losses and parameters: %s',
    async (_name, one) => {
      const found = await runOnBoth(engines, one, FEW_STEPS);
      for (const [what, difference] of Object.entries(found)) {
        expect(difference, what).toBeLessThan(TOLERANCE);
      }
    },
  );
});

describe('a state that one engine saved', () => {
  const cases: Case[] = [
    { strategy: 'all', head: 'vgg', optimizer: 'adamw', batchNorm: true },
    { strategy: 'top', head: 'mlp', optimizer: 'nesterov', batchNorm: false },
  ];
  const ways = cases.flatMap((one) => [
    [nameOf(one), 'onnx', one] as const,
    [nameOf(one), 'tensorflow', one] as const,
  ]);

  it.each(ways)('is continued by the other: %s, begun on %s', async (_name, begun, one) => {
    const [first, second] =
      begun === 'onnx' ? [engines.other, engines.one] : [engines.one, engines.other];
    const { request, rates } = prepare(one);
    const batches = await batchesAt(engines.other, request);
    const whole = await first.compileTraining(request);
    const half = await first.compileTraining(request);
    const resumed = await second.compileTraining(request);
    const uninterrupted = await runSteps(whole, { batches, rates });
    const middle = await runSteps(half, { batches, rates }, [0, STEPS / 2]);
    resumed.load(middle.state);
    // Conversion of layouts there and back loses nothing.
    expect(await resumed.state()).toEqual(middle.state);
    const end = await runSteps(resumed, { batches, rates }, [STEPS / 2, STEPS]);
    const { losses: _, ...found } = differences(
      { ...end, losses: [] },
      { ...uninterrupted, losses: [] },
    );
    for (const [what, difference] of Object.entries(found)) {
      expect(difference, what).toBeLessThan(TOLERANCE);
    }
    end.losses.forEach((loss, index) => {
      expect(loss / (uninterrupted.losses[STEPS / 2 + index] ?? 0)).toBeCloseTo(1, 3);
    });
    for (const program of [whole, half, resumed]) await program.release();
  });
});

describe('forward programs of both engines', () => {
  it.each(['one', 'other'] as const)('tap what a shorter program gives: %s', async (which) => {
    const network = tinyNetwork({ head: 'levels', batchNorm: true });
    const [batch] = pixelBatches(network);
    if (batch === undefined) throw new Error('no batches');
    const common = { network, weights: startingWeights(network), batchSize: BATCH, from: 0 };
    const end = network.layers.length;
    for (let tap = 1; tap < end; tap++) {
      const whole = await engines[which].compileForward({ ...common, to: end, taps: [tap] });
      const shorter = await engines[which].compileForward({ ...common, to: tap });
      const [tapped = []] = await whole.runTaps(batch.rows, BATCH);
      const expected = await shorter.run(batch.rows, BATCH);
      expect(relativeError(tapped, expected), `boundary ${tap}`).toBeLessThan(1e-6);
      await Promise.all([whole.release(), shorter.release()]);
    }
  });

  it.each(HEADS)('agree at every boundary: %s', async (head) => {
    const network = tinyNetwork({ head, batchNorm: true });
    const weights = startingWeights(network);
    const end = network.layers.length;
    const [batch] = pixelBatches(network);
    if (batch === undefined) throw new Error('no batches');
    for (let boundary = 0; boundary <= end; boundary++) {
      const results: Float32Array[][] = [];
      for (const engine of [engines.one, engines.other]) {
        const common = { network, weights, batchSize: BATCH };
        const rows = { from: 0, to: boundary, carry: true };
        const lower = await engine.compileForward({ ...common, ...rows });
        const upper = await engine.compileForward({
          ...common,
          ...{ from: boundary, to: end, softmax: true },
          taps: boundary < end ? [boundary + 1] : [],
        });
        const features = boundary === 0 ? batch.rows : (await lower.run(batch.rows, 4)).slice();
        const output = (await upper.run(features, 4)).slice();
        const taps = (await upper.runTaps(features, 4)).map((tap) => tap.slice());
        results.push([Float32Array.from(features), output, ...taps]);
        await lower.release();
        await upper.release();
      }
      const [a = [], b = []] = results;
      expect(a).toHaveLength(boundary < end ? 3 : 2);
      b.forEach((expected, index) => {
        const where = `boundary ${boundary}, output ${index}`;
        expect(relativeError(a[index] ?? [], expected), where).toBeLessThan(1e-5);
      });
    }
  });
});
