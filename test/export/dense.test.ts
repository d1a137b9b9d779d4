import { expect, it } from 'vitest';
import { sizeOf } from '../../src/base/tensor.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { openOnnxRunner } from '../../src/engines/onnx/session-file.ts';
import { largestDifference } from '../../src/export/compare.ts';
import type { ExportModel } from '../../src/export/model.ts';
import { denseModel } from '../../src/export/onnx-dense.ts';
import { encodeOnnx } from '../../src/formats/onnx-proto.ts';
import { buildNetwork } from '../../src/network/build.ts';
import { denseForm } from '../../src/network/dense-to-conv.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import { layerShapes } from '../../src/network/shapes.ts';
import { CASES, exportModelOf, pictures } from './models.ts';

/** The normal head on every window of the last map of a larger image, one window at a time. */
async function windowByWindow(model: ExportModel, image: Uint8Array, larger: number) {
  const { network, weights } = model;
  const engine = await createOnnxEngine({ device: 'cpu' });
  const side = network.shapes[network.headStart - 1]?.[1] ?? 0;
  const shapes = layerShapes(network.layers.slice(0, network.headStart), [3, larger, larger]);
  const grown = {
    ...network,
    shapes: [...shapes, ...network.shapes.slice(network.headStart)],
    preprocessing: { ...network.preprocessing, size: larger },
  };
  const [channels = 0, cells = 0] = shapes.at(-1) ?? [];
  const common = { weights, batchSize: 1 };
  const from = network.headStart;
  const backbone = await engine.compileForward({ ...common, network: grown, from: 0, to: from });
  const map = (await backbone.run(image, 1)).slice();
  const to = network.layers.length;
  const head = await engine.compileForward({ ...common, network, from, to });
  const sums = new Float64Array(network.classes);
  const places = cells - side + 1;
  for (let top = 0; top < places; top++) {
    for (let left = 0; left < places; left++) {
      const window = new Float32Array(sizeOf([channels, side, side]));
      for (let i = 0; i < window.length; i++) {
        const [c, y, x] = [Math.floor(i / side / side), Math.floor(i / side) % side, i % side];
        window[i] = map[(c * cells + top + y) * cells + left + x] ?? 0;
      }
      (await head.run(window, 1)).forEach((score, k) => {
        sums[k] = (sums[k] ?? 0) + score / places ** 2;
      });
    }
  }
  await Promise.all([backbone.release(), head.release()]);
  return { scores: sums, places };
}

function softmax(scores: Float64Array): number[] {
  const powers = [...scores].map((score) => Math.exp(score - Math.max(...scores)));
  return powers.map((power) => power / powers.reduce((sum, value) => sum + value, 0));
}

it.each(Object.keys(CASES).filter((name) => name !== 'linear' && name !== 'levels'))(
  '%s on a larger image is the average over all windows',
  async (name) => {
    const model = exportModelOf(name);
    const { size } = model.network.preprocessing;
    const larger = size + 96;
    const [image = new Uint8Array()] = pictures(larger, 1);
    const { scores, places } = await windowByWindow(model, image, larger);
    expect(places).toBe(4);
    const form = denseForm(model.network, model.weights);
    const bytes = encodeOnnx(denseModel(model.network, form));
    const runner = await openOnnxRunner(bytes, { device: 'cpu' });
    const outputs = await runner.run(image, [1, larger, larger, 3]);
    expect(outputs.get('score_map')?.shape).toEqual([1, 5, places, places]);
    const found = outputs.get('probabilities')?.data ?? [];
    expect(largestDifference(found, softmax(scores))).toBeLessThan(1e-5);
    await runner.release();
  },
);

it('the head levels has a score at every cell, and their average is the network on the larger image', async () => {
  const model = exportModelOf('levels');
  const form = denseForm(model.network, model.weights);
  expect(form).toMatchObject({ window: 1, stride: 32, smallest: 32 });
  const runner = await openOnnxRunner(encodeOnnx(denseModel(model.network, form)), {
    device: 'cpu',
  });
  const engine = await createOnnxEngine({ device: 'cpu' });
  for (const size of [64, 160]) {
    const [image = new Uint8Array()] = pictures(size, 1);
    const network = buildNetwork({
      ...{ backbone: 'vgg-nano', classes: 5, preprocessing: plainPreprocessing(size) },
      head: { kind: 'levels', dropout: 0.2, hidden: 24 },
    });
    const { weights } = model;
    const to = network.layers.length;
    const whole = await engine.compileForward({
      network,
      weights,
      from: 0,
      to,
      batchSize: 1,
      softmax: true,
    });
    const outputs = await runner.run(image, [1, size, size, 3]);
    expect(outputs.get('score_map')?.shape).toEqual([1, 5, size / 32, size / 32]);
    const found = outputs.get('probabilities')?.data ?? [];
    expect(largestDifference(found, await whole.run(image, 1))).toBeLessThan(1e-5);
    await whole.release();
  }
  await runner.release();
});

it('the head levels is refused where a pool drops a row that the head sees', () => {
  for (const [size, other] of [
    [80, 96],
    [112, 128],
  ] as const) {
    const network = buildNetwork({
      ...{ backbone: 'vgg-nano', classes: 5, preprocessing: plainPreprocessing(size) },
      head: { kind: 'levels', dropout: 0.2, hidden: 24 },
    });
    expect(() => denseForm(network, exportModelOf('levels').weights)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        details: expect.objectContaining({ fix: expect.stringContaining(`--size ${other}`) }),
      }),
    );
  }
});

it('a linear head has a score at every cell, and their average is the dense layer of the average', async () => {
  const model = exportModelOf('linear');
  const form = denseForm(model.network, model.weights);
  expect(form).toMatchObject({ window: 1, stride: 32, smallest: 32 });
  expect(form.method).toContain('no dense layer over space');
  const runner = await openOnnxRunner(encodeOnnx(denseModel(model.network, form)), {
    device: 'cpu',
  });
  const [image = new Uint8Array()] = pictures(0, 1, [96, 160]);
  const outputs = await runner.run(image, [1, 96, 160, 3]);
  const map = outputs.get('score_map');
  expect(map?.shape).toEqual([1, 5, 3, 5]);
  const scores = Float64Array.from({ length: 5 }, (_, k) =>
    (map?.data.slice(k * 15, (k + 1) * 15) ?? new Float32Array()).reduce(
      (sum, s) => sum + s / 15,
      0,
    ),
  );
  const found = outputs.get('probabilities')?.data ?? [];
  expect(largestDifference(found, softmax(scores))).toBeLessThan(1e-5);
  await runner.release();
});

it('an image smaller than a window is refused', async () => {
  const model = exportModelOf('vgg');
  const form = denseForm(model.network, model.weights);
  expect(form.smallest).toBe(64);
  const runner = await openOnnxRunner(encodeOnnx(denseModel(model.network, form)), {
    device: 'cpu',
  });
  const [image = new Uint8Array()] = pictures(32, 1);
  await expect(runner.run(image, [1, 32, 32, 3])).rejects.toThrow();
  await runner.release();
});
