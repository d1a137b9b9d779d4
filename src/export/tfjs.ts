import { join } from 'node:path';
import { type Quantization, type TfjsModel, writeTfjsLayers } from '../formats/tfjs-layers.ts';
import type { Exporter } from './exporter.ts';
import { type KerasLayer, kerasLayers } from './keras-layers.ts';
import { functionalConfig, isSequential } from './keras-topology.ts';
import { type ExportModel, modelCard } from './model.ts';
import { code, readme } from './readme.ts';
import { tfjsFolders } from './tfjs-packages.ts';

export const INSIDE_TFJS =
  'channel order, scale, mean and deviation are layers of the model; it takes float32 RGB 0-255 [N, size, size, 3]';

/** A layers model of TensorFlow.js, for `tf.loadLayersModel` in browsers and Node. */
export const exporter: Exporter = {
  async write({ model, folder, quantize }) {
    await writeTfjsLayers(folder, tfjsModel(model), quantize);
    return { card: modelCard(model, INSIDE_TFJS), readme: tfjsReadme(model, quantize) };
  },
  check: { by: 'tensorflow.js', file: (folder) => join(folder, 'model.json') },
  quantizes: true,
  refuse: async () => void tfjsFolders(['@tensorflow/tfjs']),
};

/** TensorFlow.js builds a model before it loads its weights: random ones would be drawn in vain. */
const FILLED_LATER = { kernel_initializer: { class_name: 'Zeros', config: {} } };

/** The model as TensorFlow.js reads it: the preprocessing and biases stay exact when quantized. */
export function tfjsModel(model: ExportModel): TfjsModel {
  const { size } = model.network.preprocessing;
  const layers = kerasLayers(model);
  const input = {
    class_name: 'InputLayer',
    config: { name: 'image', batch_input_shape: [null, size, size, 3], dtype: 'float32' },
  };
  const row = ({ className, name, config }: KerasLayer) => ({
    class_name: className,
    config: { name, ...config, ...('use_bias' in config && FILLED_LATER) },
  });
  const sequential = {
    class_name: 'Sequential',
    config: { name: 'vggtune', layers: [input, ...layers.map(row)] },
  };
  return {
    topology: isSequential(layers)
      ? sequential
      : { class_name: 'Functional', config: functionalConfig(layers, input, row) },
    weights: layers.flatMap(({ name: layer, weights }) =>
      weights.map(({ name, shape, data, from }) => ({
        name: `${layer}/${name}`,
        shape,
        data,
        exact: from === undefined || name !== 'kernel',
      })),
    ),
    metadata: { ...modelCard(model, INSIDE_TFJS) },
    generatedBy: 'vggtune',
  };
}

function tfjsReadme(model: ExportModel, quantize: Quantization): string {
  const { size } = model.network.preprocessing;
  const stored = {
    none: 'float32',
    float16: 'float16, read back as float32',
    uint8: 'uint8 with a scale for each tensor, read back as float32',
  }[quantize];
  const load = `import * as tf from '@tensorflow/tfjs';

const model = await tf.loadLayersModel('model.json');
const { labels } = model.getUserDefinedMetadata();

// A square of ${size} x ${size} pixels, cut out as said below.
const pixels = tf.browser.fromPixels(image).toFloat().expandDims();
const probabilities = await model.predict(pixels).data();
const best = probabilities.indexOf(Math.max(...probabilities));
console.log(labels[best], probabilities[best]);`;
  return readme(model, {
    title: 'TensorFlow.js layers model',
    inside: INSIDE_TFJS,
    body: `Kernels are stored as ${stored}. In Node, give \`tf.loadLayersModel\` a \`file://\` address and use \`@tensorflow/tfjs-node\`; in a browser the folder must come from a web server.\n\n${code('js', load)}`,
  });
}
