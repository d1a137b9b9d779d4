import { writeSavedModel } from '../formats/saved-model.ts';
import type { Exporter } from './exporter.ts';
import { type ExportModel, modelCard } from './model.ts';
import { IMAGE_IMPORT, pixelsFunction, READ_LABELS } from './python-image.ts';
import { code, readme } from './readme.ts';
import { savedModelOf } from './saved-model-graph.ts';
import { tfjsFolders } from './tfjs-packages.ts';

const INSIDE =
  'channel order, scale, mean and deviation are part of the graph; it takes uint8 RGB [N, size, size, 3]';

/** TensorFlow's SavedModel, for Python, TensorFlow Serving and tfjs-node. */
export const exporter: Exporter = {
  async write({ model, folder }) {
    await writeSavedModel(folder, savedModelOf(model));
    return { card: modelCard(model, INSIDE), readme: savedModelReadme(model) };
  },
  check: { by: 'tensorflow', folder: (folder) => folder },
  // The native packages bring it along.
  refuse: async () => void tfjsFolders(['@tensorflow/tfjs']),
};

function savedModelReadme(model: ExportModel): string {
  const body = [
    'A frozen graph of standard operators with the signature `serving_default` (`image` to `probabilities`); this folder is the SavedModel. In Python, with tensorflow, numpy and Pillow:',
    code('python', python(model)),
    'TensorFlow Serving takes the folder as one version of a model. In Node, with @tensorflow/tfjs-node:',
    code('js', node(model)),
  ];
  return readme(model, { title: 'SavedModel', inside: INSIDE, body: body.join('\n\n') });
}

function python(model: ExportModel): string {
  return `import json

import numpy as np
import tensorflow as tf
${IMAGE_IMPORT}

model = tf.saved_model.load(".")
${READ_LABELS}


${pixelsFunction(model)}


image = tf.constant(pixels("picture.jpg")[None])
probabilities = model.signatures["serving_default"](image=image)["probabilities"][0].numpy()
print(labels[probabilities.argmax()], probabilities.max())`;
}

function node(model: ExportModel): string {
  const { size } = model.network.preprocessing;
  return `import tf from '@tensorflow/tfjs-node';

const model = await tf.node.loadSavedModel('.');
// pixels: RGB values, ${size} x ${size}, row by row
const image = tf.tensor4d(pixels, [1, ${size}, ${size}, 3], 'int32');
console.log(await model.predict(image).data());`;
}
