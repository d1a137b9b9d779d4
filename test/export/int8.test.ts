import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/base/rng.ts';
import { createOnnxEngine } from '../../src/engines/onnx/index.ts';
import { openOnnxRunner } from '../../src/engines/onnx/session-file.ts';
import { ActivationHistogram } from '../../src/export/calibration.ts';
import type { ExportServices } from '../../src/export/exporter.ts';
import { signedBytes } from '../../src/export/int8-graph.ts';
import { exporter } from '../../src/export/onnx-int8.ts';
import { decodeOnnx, encodeOnnx } from '../../src/formats/onnx-proto.ts';
import { expectedOf, exportModelOf, pictures } from './models.ts';

describe('calibration', () => {
  const filled = (values: Float32Array) => {
    const histogram = new ActivationHistogram();
    histogram.add(values.subarray(0, 1000));
    histogram.add(values.subarray(1000));
    return histogram;
  };
  const rng = createRng('calibration', 0);
  const bell = Float32Array.from({ length: 100_000 }, () => Math.max(0, rng.normal()));

  it('minmax takes the largest value, whatever came before it', () => {
    const outlier = bell.slice();
    outlier[70_000] = 40;
    expect(filled(outlier).threshold('minmax')).toBe(40);
  });

  it('a lone outlier is cut off', () => {
    const outlier = bell.slice();
    outlier[70_000] = 40;
    const histogram = filled(outlier);
    // Of 50,000 positive values 5 lie above this.
    expect(histogram.threshold('percentile')).toBeGreaterThan(3.3);
    expect(histogram.threshold('percentile')).toBeLessThan(4.5);
    // Finer steps for all the others against an error for one: it is cut where the two balance.
    expect(histogram.threshold('mse')).toBeGreaterThan(35);
    expect(histogram.threshold('mse')).toBeLessThan(39);
    expect(histogram.threshold('entropy')).toBeLessThan(40);
  });

  it('an even spread is kept whole by the squared error', () => {
    const even = Float32Array.from({ length: 20_000 }, (_, i) => i / 20_000);
    expect(filled(even).threshold('mse')).toBeGreaterThan(0.98);
  });

  it('a layer that is always zero has a scale all the same', () => {
    const histogram = new ActivationHistogram();
    histogram.add(new Float32Array(10));
    expect(histogram.threshold('mse')).toBe(1);
  });
});

it('weights are within half a step, each output with its own', () => {
  const data = Float32Array.from([1, -0.5, 0.25, 100, 50, -3]);
  const { data: bytes, scales } = signedBytes({ shape: [2, 3], data });
  expect(scales[0]).toBeCloseTo(1 / 127, 6);
  data.forEach((value, i) => {
    const scale = scales[Math.floor(i / 3)] ?? 0;
    expect(Math.abs((bytes[i] ?? 0) * scale - value)).toBeLessThanOrEqual(scale * 0.50001);
  });
});

it.each(['linear', 'vgg, averaged from 3x3'])(
  '%s in 8 bits names the same classes',
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'vggtune-int8-'));
    const model = exportModelOf(name);
    const { size } = model.network.preprocessing;
    const images = pictures(size, 12);
    await exporter.write({
      model,
      folder,
      quantize: 'none',
      description: {},
      services: await servicesFor(size, images),
    });
    const path = join(folder, 'model.onnx');
    const { nodes, initializers } = decodeOnnx(await readFile(path));
    expect(nodes.filter(({ type }) => type === 'QuantizeLinear').length).toBeGreaterThan(8);
    expect(initializers.find(({ name }) => name === 'conv5_1.weight')?.type).toBe('int8');
    const runner = await openOnnxRunner(path, { device: 'cpu' });
    const expected = await expectedOf(model, images);
    for (const [i, image] of images.entries()) {
      const output = (await runner.run(image, [1, size, size, 3])).get('probabilities');
      const found = [...(output?.data ?? [])];
      const row = [...(expected[i] ?? [])];
      const [first = 0, second = 0] = row.toSorted((a, b) => b - a);
      if (first - second > 0.05) expect(found.indexOf(Math.max(...found))).toBe(row.indexOf(first));
      expect(Math.max(...row.map((p, k) => Math.abs(p - (found[k] ?? 0))))).toBeLessThan(0.05);
    }
    await runner.release();
    await rm(folder, { recursive: true });
  },
);

async function servicesFor(size: number, images: readonly Uint8Array[]): Promise<ExportServices> {
  const engine = await createOnnxEngine({ device: 'cpu' });
  return {
    emit: () => {},
    calibrationImages: async () => images,
    async activations({ network, weights, taps, visit }) {
      const to = network.layers.length;
      const request = { network, weights, taps, from: 0, to, batchSize: 1 };
      const program = await engine.compileForward(request);
      for (const image of images) {
        for (const [i, values] of (await program.runTaps(image, 1)).entries()) visit(i, values);
      }
      await program.release();
    },
    async runOnnx(model) {
      const runner = await openOnnxRunner(encodeOnnx(model), { device: 'cpu' });
      const rows: Float32Array[] = [];
      for (const image of images) {
        const outputs = await runner.run(image, [1, size, size, 3]);
        rows.push(outputs.get('probabilities')?.data ?? new Float32Array());
      }
      await runner.release();
      return rows;
    },
  };
}
