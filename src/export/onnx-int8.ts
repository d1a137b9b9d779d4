import { writeFile } from 'node:fs/promises';
import type { OnnxModel } from '../formats/onnx-model.ts';
import { encodeOnnx } from '../formats/onnx-proto.ts';
import { ActivationHistogram, CALIBRATIONS, type Calibration } from './calibration.ts';
import { rowsOf } from './compare.ts';
import type { Exporter, ExportServices } from './exporter.ts';
import { int8Model } from './int8-graph.ts';
import { type ExportModel, modelCard } from './model.ts';
import { cardMetadata } from './onnx-metadata.ts';
import { INSIDE_ONNX, modelFile } from './onnx-plain.ts';
import { pixelsReadme } from './onnx-readme.ts';

/** Static 8-bit quantization; the calibration that fits the run best is chosen by measuring all. */
export const exporter: Exporter = {
  async write({ model, folder, services }) {
    const images = await services.calibrationImages();
    const { onnx, calibration, divergence } = await bestModel(model, images, services);
    await writeFile(modelFile(folder), encodeOnnx(onnx), { flag: 'wx' });
    const more = `Convolutions and hidden dense layers are 8-bit (QuantizeLinear and DequantizeLinear around standard operators): weights signed with a scale for each output channel, activations unsigned, calibrated with \`${calibration}\` on ${images.length} training images.`;
    return {
      card: modelCard(model, INSIDE_ONNX),
      readme: pixelsReadme(model, { title: 'int8 ONNX', inside: INSIDE_ONNX, more }),
      notes: [
        `int8: calibrated by ${calibration} on ${images.length} training images, mean divergence from float ${divergence.toPrecision(3)}`,
      ],
    };
  },
  check: { by: 'onnxruntime', file: modelFile, input: 'pixels' },
  exactness: 'byte',
};

interface Candidate {
  readonly onnx: OnnxModel;
  readonly calibration: Calibration;
  readonly divergence: number;
}

async function bestModel(
  model: ExportModel,
  images: readonly Uint8Array[],
  services: ExportServices,
): Promise<Candidate> {
  const { network, weights } = model;
  const { histograms, probabilities } = await measure(model, images, services);
  const metadata = cardMetadata(model, modelCard(model, INSIDE_ONNX));
  let best: Candidate | undefined;
  for (const calibration of CALIBRATIONS) {
    const thresholds = new Map(
      [...histograms].map(([name, histogram]) => [name, histogram.threshold(calibration)]),
    );
    const onnx = int8Model(network, weights, { thresholds, metadata });
    const found = await services.runOnnx(onnx, images);
    const divergence = meanDivergence(probabilities, found);
    services.emit({
      type: 'note',
      message: `int8 by ${calibration}: mean divergence from float ${divergence.toPrecision(3)}`,
    });
    if (best === undefined || divergence < best.divergence) {
      best = { onnx, calibration, divergence };
    }
  }
  if (best === undefined) throw new Error('no calibration');
  return best;
}

/** Measures the range after every ReLU, and the float network's outputs. */
async function measure(
  { network, weights }: ExportModel,
  images: readonly Uint8Array[],
  services: ExportServices,
) {
  const relus = network.layers.flatMap((layer, index) =>
    layer.kind === 'relu' ? [{ name: layer.name, boundary: index + 1 }] : [],
  );
  const histograms = new Map(relus.map(({ name }) => [name, new ActivationHistogram()]));
  const probabilities: Float32Array[] = [];
  await services.activations({
    network,
    weights,
    images,
    taps: [...relus.map(({ boundary }) => boundary), network.layers.length],
    visit: (tap, values) => {
      const relu = relus[tap];
      if (relu !== undefined) histograms.get(relu.name)?.add(values);
      else probabilities.push(...rowsOf(values, network.classes).map(softmax));
    },
  });
  return { histograms, probabilities };
}

export function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** The mean Kullback-Leibler divergence of the quantized outputs from the float ones. */
function meanDivergence(expected: readonly Float32Array[], found: readonly Float32Array[]): number {
  const sums = expected.map((row, i) =>
    row.reduce((sum, p, c) => {
      const q = Math.max(found[i]?.[c] ?? 0, 1e-12);
      return p > 1e-12 ? sum + p * Math.log(p / q) : sum;
    }, 0),
  );
  return sums.reduce((sum, value) => sum + value, 0) / Math.max(1, sums.length);
}
