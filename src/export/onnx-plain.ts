import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeOnnx, type OnnxModel } from '../formats/onnx-proto.ts';
import type { Exporter } from './exporter.ts';
import { type ExportModel, modelCard } from './model.ts';
import { OnnxBuilder } from './onnx-builder.ts';
import { addLayer, addNormalised, addPixels, addSoftmax } from './onnx-layers.ts';
import { cardMetadata } from './onnx-metadata.ts';
import { pixelsReadme } from './onnx-readme.ts';

export const INSIDE_ONNX =
  'channel order, scale, mean and deviation are part of the graph; it takes uint8 RGB [N, size, size, 3]';
const OUTSIDE =
  'nothing: the input is float32 [N, 3, size, size], in the channel order of `model-card.json`, after `(value * scale - mean) / std`';

/** Standard operators alone, any number of images, pixels in. */
export const withPreprocessing: Exporter = {
  async write({ model, folder }) {
    const card = modelCard(model, INSIDE_ONNX);
    const onnx = networkModel(model, 'pixels', cardMetadata(model, card));
    await writeFile(join(folder, 'model.onnx'), encodeOnnx(onnx), { flag: 'wx' });
    return { card, readme: pixelsReadme(model, { title: 'ONNX', inside: INSIDE_ONNX }) };
  },
  check: { by: 'onnxruntime', file: modelFile, input: 'pixels' },
};

/** The same without the preprocessing, for pipelines that have their own. */
export const withoutPreprocessing: Exporter = {
  async write({ model, folder }) {
    const card = modelCard(model, OUTSIDE);
    const onnx = networkModel(model, 'normalised', cardMetadata(model, card));
    await writeFile(join(folder, 'model.onnx'), encodeOnnx(onnx), { flag: 'wx' });
    const title = 'ONNX without preprocessing';
    return { card, readme: pixelsReadme(model, { title, inside: OUTSIDE, normalised: true }) };
  },
  check: { by: 'onnxruntime', file: modelFile, input: 'normalised' },
};

export function modelFile(folder: string): string {
  return join(folder, 'model.onnx');
}

/** A network layer by layer, with its own names: input `image` or `normalised`, output `probabilities`. */
export function networkModel(
  { network, weights }: ExportModel,
  input: 'pixels' | 'normalised',
  metadata: Readonly<Record<string, string>>,
): OnnxModel {
  const b = new OnnxBuilder();
  const { preprocessing, classes } = network;
  const { size } = preprocessing;
  let x = input === 'pixels' ? addPixels(b, preprocessing, size) : addNormalised(b, size);
  network.layers.forEach((layer, index) => {
    const side = network.shapes[index - 1]?.[1] ?? size;
    x = addLayer(b, x, { layer, weights, side });
  });
  addSoftmax(b, x, classes);
  return b.model(network.backbone, metadata);
}
