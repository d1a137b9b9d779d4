import { beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import type { NamedTensors } from '../../src/base/tensor.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { HEADS } from '../../src/network/catalog.ts';
import { canRescale, rescaled } from '../../src/network/rescale.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import { randomWeights } from '../../src/weights/initialise.ts';
import { onnxEngine } from '../engines/engines.ts';
import { tinyNetwork } from '../engines/tiny-cases.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await onnxEngine();
});

/** Random weights with biases that are not zero, as trained ones are. */
function trainedWeights(network: NetworkSpec): NamedTensors {
  const rng = createRng('rescale', network.head);
  const entries = [...randomWeights(network, 1)].map(
    ([name, { shape, data }]) =>
      [
        name,
        { shape, data: data.map((x) => x + (name.endsWith('bias') ? rng.normal() : 0)) },
      ] as const,
  );
  return new Map(entries);
}

async function activations(network: NetworkSpec, weights: NamedTensors) {
  const to = network.layers.length;
  const taps = [network.headStart];
  const program = await engine.compileForward({
    network,
    weights,
    from: 0,
    to,
    batchSize: 2,
    taps,
  });
  const pixels = Uint8Array.from({ length: 2 * 12 * 12 * 3 }, (_, i) => (i * 37) % 256);
  const logits = (await program.run(pixels, 2)).slice();
  const [features = new Float32Array()] = await program.runTaps(pixels, 2);
  const copy = features.slice();
  await program.release();
  return { logits, features: copy };
}

describe.each(HEADS)('the head %s', (head) => {
  const network = tinyNetwork({ head, batchNorm: false });

  it('says the same with all activations divided by a factor', async () => {
    const weights = trainedWeights(network);
    const before = await activations(network, weights);
    for (const factor of [0.01, 100]) {
      const after = await activations(network, rescaled(network, weights, factor));
      before.features.forEach((value, i) => {
        expect((after.features[i] ?? 0) * factor).toBeCloseTo(value, 4);
      });
      before.logits.forEach((value, i) => {
        expect(after.logits[i]).toBeCloseTo(value, 3);
      });
    }
  });

  it('gives the weights back when the factor is taken back', () => {
    const weights = trainedWeights(network);
    const back = rescaled(network, rescaled(network, weights, 8), 1 / 8);
    for (const [name, { data }] of weights) expect(back.get(name)?.data).toEqual(data);
  });
});

it('a network with batch norms between its convolutions has no such factor', () => {
  const network = tinyNetwork({ head: 'linear', batchNorm: true });
  expect(canRescale(network)).toBe(false);
  expect(() => rescaled(network, randomWeights(network, 1), 2)).toThrow(/batch norms/);
});
