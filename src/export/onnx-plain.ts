import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeOnnx } from '../formats/onnx-proto.ts';
import type { Exporter } from './exporter.ts';
import { modelCard } from './model.ts';
import { cardMetadata } from './onnx-metadata.ts';
import { onnxNetwork } from './onnx-network.ts';
import { pixelsReadme } from './onnx-readme.ts';

export const INSIDE_ONNX =
  'channel order, scale, mean and deviation are part of the graph; it takes uint8 RGB [N, size, size, 3]';
const OUTSIDE =
  'nothing: the input is float32 [N, 3, size, size], in the channel order of `model-card.json`, after `(value * scale - mean) / std`';

/** Standard operators alone, any number of images, pixels in. */
export const withPreprocessing: Exporter = {
  async write({ model, folder }) {
    const card = modelCard(model, INSIDE_ONNX);
    const onnx = onnxNetwork(model, {
      input: 'pixels',
      batchNorms: 'kept',
      metadata: cardMetadata(model, card),
    });
    await writeFile(join(folder, 'model.onnx'), encodeOnnx(onnx), { flag: 'wx' });
    return { card, readme: pixelsReadme(model, { title: 'ONNX', inside: INSIDE_ONNX }) };
  },
  check: { by: 'onnxruntime', file: modelFile, input: 'pixels' },
};

/** The same without the preprocessing, for pipelines that have their own. */
export const withoutPreprocessing: Exporter = {
  async write({ model, folder }) {
    const card = modelCard(model, OUTSIDE);
    const onnx = onnxNetwork(model, {
      input: 'normalised',
      batchNorms: 'kept',
      metadata: cardMetadata(model, card),
    });
    await writeFile(join(folder, 'model.onnx'), encodeOnnx(onnx), { flag: 'wx' });
    const title = 'ONNX without preprocessing';
    return { card, readme: pixelsReadme(model, { title, inside: OUTSIDE, normalised: true }) };
  },
  check: { by: 'onnxruntime', file: modelFile, input: 'normalised' },
};

export function modelFile(folder: string): string {
  return join(folder, 'model.onnx');
}
