import { writeFile } from 'node:fs/promises';
import type { OnnxModel } from '../formats/onnx-model.ts';
import { encodeOnnx } from '../formats/onnx-proto.ts';
import { type DenseForm, denseForm } from '../network/dense-to-conv.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Exporter } from './exporter.ts';
import { modelCard } from './model.ts';
import { OnnxBuilder } from './onnx-builder.ts';
import { addLayer, addMapLayer, addPixels, addSoftmax } from './onnx-layers.ts';
import { cardMetadata } from './onnx-metadata.ts';
import { modelFile } from './onnx-plain.ts';
import { pixelsReadme } from './onnx-readme.ts';

const INSIDE =
  'channel order, scale, mean and deviation are part of the graph; it takes uint8 RGB [N, height, width, 3] of any size from the smallest up';

/** The fully convolutional form as ONNX: images of any size in, a score map and its average out. */
export const exporter: Exporter = {
  async write({ model, folder }) {
    const form = denseForm(model.network, model.weights);
    const card = modelCard(model, INSIDE);
    const onnx = denseModel(model.network, form, cardMetadata(model, card));
    await writeFile(modelFile(folder), encodeOnnx(onnx), { flag: 'wx' });
    const more = `Fully convolutional: ${form.method}. \`image\` may have any height and width from ${form.smallest} pixels up; the output \`score_map\` [N, classes, rows, columns] holds the class scores (before the softmax) of every window of ${form.window}x${form.window} cells of the last map, ${form.stride} pixels apart, and \`probabilities\` is the softmax of their average.`;
    const title = 'fully convolutional ONNX';
    return {
      card,
      readme: pixelsReadme(model, { title, inside: INSIDE, more }),
      notes: [form.method],
    };
  },
  check: { by: 'onnxruntime', file: modelFile, input: 'pixels' },
};

/** Outputs `probabilities` [batch, classes] and `score_map` [batch, classes, rows, columns]. */
export function denseModel(
  { preprocessing, classes, backbone }: NetworkSpec,
  form: DenseForm,
  metadata: Readonly<Record<string, string>> = {},
): OnnxModel {
  const b = new OnnxBuilder();
  const { weights } = form;
  let x = addPixels(b, preprocessing, ['height', 'width']);
  for (const layer of form.backbone) x = addLayer(b, x, { layer, weights, side: 0 });
  for (const layer of form.head) x = addMapLayer(b, x, { layer, weights });
  b.node('Identity', [x], { to: 'score_map' });
  const average = b.node('GlobalAveragePool', [x], { to: 'average_score' });
  addSoftmax(b, b.node('Flatten', [average], { to: 'scores' }), classes);
  const shape = ['batch', classes, 'rows', 'columns'];
  b.output({ name: 'score_map', type: 'float32', shape });
  return b.model(`${backbone}_dense`, metadata);
}
