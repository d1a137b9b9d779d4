import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine, ForwardRequest } from '../../../src/engines/engine.ts';
import { openEngine } from '../../../src/engines/index.ts';
import { createSession } from '../../../src/engines/onnx/session.ts';
import { onnxNetwork } from '../../../src/export/onnx-network.ts';
import { decodeOnnx, encodeOnnx } from '../../../src/formats/onnx-proto.ts';
import { relativeError } from './closeness.ts';
import { BATCH, batch, CLASSES, networkOf, requestOf, runNamed, tensors } from './small-vgg.ts';

const plain = runNamed('sgd');
const normed = runNamed('sgd, batch norm');

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('auto', 'cpu');
});

function forwardRequest(run = plain, changes: Partial<ForwardRequest> = {}): ForwardRequest {
  const network = networkOf(run);
  const to = network.layers.length;
  return { network, from: 0, to, weights: tensors(run.final), batchSize: BATCH, ...changes };
}

const indexOf = (name: string, run = plain) => run.layers.findIndex((layer) => layer.name === name);

describe('a forward program', () => {
  it('gives PyTorch’s logits, for any number of rows', async () => {
    const program = await engine.compileForward(forwardRequest());
    const { rows } = batch(0);
    for (const count of [BATCH, 1, 4]) {
      const logits = await program.run(rows, count);
      expect(relativeError(logits, plain.predictions.slice(0, count * CLASSES))).toBeLessThan(1e-4);
    }
    expect(program.outputShape).toEqual([CLASSES]);
    await program.release();
  });

  it('folds batch norms without a change of the result', async () => {
    const { rows } = batch(0);
    const folded = await engine.compileForward(forwardRequest(normed));
    expect(relativeError(await folded.run(rows, BATCH), normed.predictions)).toBeLessThan(1e-4);
    // A tap between convolution and batch norm keeps that one apart.
    const taps = normed.layers.flatMap(({ kind }, index) => (kind === 'conv' ? [index + 1] : []));
    const apart = await engine.compileForward(forwardRequest(normed, { taps }));
    const unfolded = await apart.run(rows, BATCH);
    expect(relativeError(unfolded, (await folded.run(rows, BATCH)).slice())).toBeLessThan(2e-6);
    await folded.release();
    await apart.release();
  });

  it('is the same in two layer ranges as in one, wherever the boundary is', async () => {
    const { rows } = batch(0);
    for (let boundary = 0; boundary <= normed.layers.length; boundary++) {
      const lower = await engine.compileForward(forwardRequest(normed, { to: boundary }));
      const features = boundary === 0 ? rows : (await lower.run(rows, BATCH)).slice();
      const upper = await engine.compileForward(forwardRequest(normed, { from: boundary }));
      const logits = await upper.run(features, BATCH);
      expect(relativeError(logits, normed.predictions), `at ${boundary}`).toBeLessThan(1e-4);
      await lower.release();
      await upper.release();
    }
  });

  it('returns the taps that are asked for, in that order', async () => {
    const { rows } = batch(0);
    const relu = indexOf('relu1_2') + 1;
    const pool = indexOf('pool1') + 1;
    const request = forwardRequest(plain, { taps: [pool, relu], softmax: true });
    const program = await engine.compileForward(request);
    const [pooled, rectified] = await program.runTaps(rows, 2);
    // The tap before the pool is really before it: pooling its 8x8 maps by hand gives the other.
    expect(rectified).toHaveLength(2 * 4 * 64);
    const expected = Array.from({ length: 2 * 4 * 16 }, (_, i) => {
      const corner = Math.floor(i / 16) * 64 + Math.floor((i % 16) / 4) * 16 + (i % 4) * 2;
      return Math.max(...[0, 1, 8, 9].map((at) => rectified?.[corner + at] ?? Number.NaN));
    });
    expect(pooled).toEqual(Float32Array.from(expected));
    await program.release();
  });

  it('reverses the channels for a BGR network', async () => {
    const network = networkOf(plain);
    const { preprocessing } = network;
    const [r, g, b] = preprocessing.mean;
    const [sr, sg, sb] = preprocessing.std;
    const bgr = {
      ...network,
      preprocessing: {
        ...preprocessing,
        channels: 'bgr' as const,
        mean: [b, g, r] as const,
        std: [sb, sg, sr] as const,
      },
    };
    const { rows } = batch(0);
    const input = (n: typeof network) =>
      engine.compileForward(forwardRequest(plain, { network: n, to: 0 }));
    const [straight, reversed] = [await input(network), await input(bgr)];
    const rgbPlanes = await straight.run(rows, 1);
    const bgrPlanes = await reversed.run(rows, 1);
    expect(bgrPlanes.slice(0, 64)).toEqual(rgbPlanes.slice(128));
    expect(bgrPlanes.slice(128)).toEqual(rgbPlanes.slice(0, 64));
    expect(rgbPlanes[0]).toBeCloseTo(((rows[0] ?? 0) / 255 - r) / sr, 5);
    await straight.release();
    await reversed.release();
  });
});

describe('a training program', () => {
  it('on a frozen prefix’s activations is the training of the suffix in the whole', async () => {
    const boundary = indexOf('conv2_1');
    const groups = plain.groups.map((group) => ({
      ...group,
      parameters: group.parameters.filter((name) => !name.startsWith('conv1')),
    }));
    const whole = await engine.compileTraining({ ...requestOf(plain), groups });
    const suffix = await engine.compileTraining({ ...requestOf(plain), groups, from: boundary });
    const prefix = await engine.compileForward(
      forwardRequest(plain, { to: boundary, weights: tensors(plain.initial) }),
    );
    for (let step = 0; step < 6; step++) {
      const full = batch(step);
      const rates = plain.learningRates[step] ?? [];
      const { loss } = await whole.step(full, rates);
      const rows = await prefix.run(full.rows, full.count);
      expect((await suffix.step({ ...full, rows }, rates)).loss / loss).toBeCloseTo(1, 5);
    }
    const expected = (await whole.state()).weights;
    for (const [name, { data }] of (await suffix.state()).weights) {
      expect(relativeError(data, expected.get(name)?.data ?? []), name).toBeLessThan(1e-5);
    }
    expect(
      [...(await suffix.state()).weights.keys()].some((name) => name.startsWith('conv1')),
    ).toBe(false);
    for (const program of [whole, suffix, prefix]) await program.release();
  });

  it('normalises a small last pass by its own rows alone', async () => {
    const five = batch(4);
    expect(five.count).toBe(5);
    const roomy = await engine.compileTraining(requestOf(normed));
    const exact = await engine.compileTraining({ ...requestOf(normed), batchSize: 5 });
    const rates = [0.01, 0.01];
    expect((await roomy.step(five, rates)).loss).toBe((await exact.step(five, rates)).loss);
    expect(await roomy.state()).toEqual(await exact.state());
    for (const program of [roomy, exact]) await program.release();
  });

  it('returns the logits of every row, also over several passes', async () => {
    const request = requestOf(plain);
    const whole = await engine.compileTraining(request);
    const parts = await engine.compileTraining({ ...request, microBatch: 4 });
    const one = (await whole.step(batch(0), [0, 0])).logits;
    const two = (await parts.step(batch(0), [0, 0])).logits;
    expect(one).toHaveLength(BATCH * CLASSES);
    expect(relativeError(two, one)).toBeLessThan(2e-6);
    for (const program of [whole, parts]) await program.release();
  });

  it('refuses batches that do not fit', async () => {
    const program = await engine.compileTraining(requestOf(plain));
    const full = batch(0);
    await expect(program.step({ ...full, count: 7 }, [0, 0])).rejects.toThrow('1 to 6 rows, not 7');
    await expect(program.step(full, [0])).rejects.toThrow('2 groups, 1 learning rates');
    await expect(program.step({ ...full, dropout: new Map() }, [0, 0])).rejects.toThrow(
      'drop1.mask of 6 rows has 60 elements, not 0',
    );
    const saved = await program.state();
    expect(() => program.load({ ...saved, slots: new Map() })).toThrow('conv1_1.weight.momentum');
    await program.release();
  });
});

describe('the engine', () => {
  it('never falls back to another device', async () => {
    await expect(openEngine('onnx', 'warp-drive')).rejects.toThrow('no device "warp-drive"');
    await expect(openEngine('abacus', 'cpu')).rejects.toThrow('no engine "abacus"');
  });
});

describe('an exported model', () => {
  const network = networkOf(normed);
  const weights = tensors(normed.final);
  const metadata = { labels: '["a","b","c"]' };
  const bytes = encodeOnnx(
    onnxNetwork({ network, weights }, { input: 'pixels', batchNorms: 'folded', metadata }),
  );

  it('has standard operators alone, an open batch and its metadata', () => {
    const model = decodeOnnx(bytes);
    expect(model.opsets).toEqual({ '': 17 });
    expect(model.irVersion).toBe(8);
    expect(model.metadata).toEqual({ labels: '["a","b","c"]' });
    expect(new Set(model.nodes.map(({ domain }) => domain))).toEqual(new Set(['']));
    expect(model.inputs).toEqual([{ name: 'image', type: 'uint8', shape: ['batch', 8, 8, 3] }]);
    expect(model.outputs).toEqual([
      { name: 'probabilities', type: 'float32', shape: ['batch', CLASSES] },
    ]);
  });

  it('gives the program’s probabilities', async () => {
    const session = await createSession(decodeOnnx(bytes), { device: 'cpu' });
    const { rows } = batch(0);
    const image = { shape: [BATCH, 8, 8, 3], data: rows as Uint8Array };
    const data = new Float32Array(BATCH * CLASSES);
    await session.run(
      new Map([['image', image]]),
      new Map([['probabilities', { shape: [BATCH, CLASSES], data }]]),
    );
    const program = await engine.compileForward(forwardRequest(normed, { softmax: true }));
    expect(data).toEqual((await program.run(rows, BATCH)).slice());
    for (let row = 0; row < BATCH; row++) {
      const [a = 0, b = 0, c = 0] = data.subarray(row * CLASSES);
      expect(a + b + c).toBeCloseTo(1, 6);
    }
    await session.release();
    await program.release();
  });
});
