import { join } from 'node:path';
import type { NamedTensors, Tensor } from '../base/tensor.ts';
import { groupNames } from '../formats/hdf5/keras-names.ts';
import { type Hdf5Dataset, type Hdf5Group, hdf5Chunks } from '../formats/hdf5/write.ts';
import { openTensorFile } from '../formats/open.ts';
import { writeZip } from '../formats/zip-write.ts';
import { tensorOf } from '../network/fold-batch-norm.ts';
import type { Exporter } from './exporter.ts';
import { type KerasLayer, kerasLayers, unpermuted } from './keras-layers.ts';
import { functionalConfig, isSequential } from './keras-topology.ts';
import { type ExportModel, modelCard } from './model.ts';
import { IMAGE_IMPORT, pixelsFunction, READ_LABELS } from './python-image.ts';
import { code, readme } from './readme.ts';

const INSIDE =
  'channel order, scale, mean and deviation are layers of the model; it takes float32 RGB 0-255 [N, size, size, 3]';

/** A `.keras` file of Keras 3: a zip of two JSON files and the weights as HDF5. */
export const exporter: Exporter = {
  async write({ model, folder }) {
    const layers = kerasLayers(model);
    const card = modelCard(model, INSIDE);
    const json = (value: unknown) => [Buffer.from(JSON.stringify(value))];
    await writeZip(join(folder, 'model.keras'), [
      { name: 'metadata.json', chunks: json({ keras_version: '3.0.0', vggtune: card }) },
      { name: 'config.json', chunks: json(config(model, layers)) },
      { name: 'model.weights.h5', chunks: hdf5Chunks(weightGroups(layers)) },
    ]);
    return { card, readme: kerasReadme(model) };
  },
  check: { by: 'reader', read: readBack },
};

function config(model: ExportModel, layers: readonly KerasLayer[]): unknown {
  const { size } = model.network.preprocessing;
  const shape = [null, size, size, 3];
  const input = keras('keras.layers', 'InputLayer', {
    batch_shape: shape,
    dtype: 'float32',
    name: 'image',
  });
  const row = ({ className, name, config }: KerasLayer) =>
    keras('keras.layers', className, { name, ...config });
  const rest = { build_config: { input_shape: shape }, compile_config: null };
  if (isSequential(layers)) {
    const rows = [input, ...layers.map(row)];
    return { ...keras('keras', 'Sequential', { name: 'vggtune', layers: rows }), ...rest };
  }
  const graph = functionalConfig(layers, input, row);
  const functional = keras('keras.src.models.functional', 'Functional', graph);
  return { ...functional, ...rest };
}

function keras(module: string, className: string, config: Readonly<Record<string, unknown>>) {
  return { module, class_name: className, config, registered_name: null };
}

/** Where Keras looks for a layer's variables: by its class and how many came before it. */
function weightGroups(layers: readonly KerasLayer[]): Hdf5Group {
  const groups = new Map<string, Hdf5Group>();
  for (const { path, layer } of weightPaths(layers)) {
    const datasets = layer.weights.map(({ shape, data }, index): [string, Hdf5Dataset] => [
      String(index),
      { shape, data },
    ]);
    groups.set(path, new Map([['vars', new Map(datasets)]]));
  }
  return new Map([['layers', groups]]);
}

/** The layers that have weights, each with the name of its group. */
function weightPaths(layers: readonly KerasLayer[]): { path: string; layer: KerasLayer }[] {
  const groups = groupNames(layers.map(({ className }) => className));
  const paths = layers.map((layer, index) => ({ path: groups[index] ?? '', layer }));
  return paths.filter(({ layer }) => layer.weights.length > 0);
}

/** The file's weights in canonical form. @throws VggtuneError (data) when the file is damaged */
async function readBack(folder: string, model: ExportModel): Promise<NamedTensors> {
  const archive = await openTensorFile(join(folder, 'model.keras'));
  const tensors = new Map<string, Tensor>();
  try {
    for (const layer of kerasLayers(model)) {
      for (const [index, { from, order }] of layer.weights.entries()) {
        if (from === undefined) continue;
        const { data } = await archive.read(`${layer.name}/${index}`);
        const { shape } = tensorOf(model.weights, from);
        tensors.set(from, { shape, data: unpermuted(data, order) });
      }
    }
  } finally {
    await archive.close();
  }
  return tensors;
}

function kerasReadme(model: ExportModel): string {
  const load = `import json

import keras
import numpy as np
${IMAGE_IMPORT}

model = keras.saving.load_model("model.keras")
${READ_LABELS}


${pixelsFunction(model)}


probabilities = model.predict(pixels("picture.jpg").astype(np.float32)[None])[0]
print(labels[probabilities.argmax()], probabilities.max())`;
  return readme(model, {
    title: 'Keras 3',
    inside: INSIDE,
    body: `Keras 3 with any of its backends (TensorFlow, JAX, PyTorch):\n\n${code('python', load)}`,
  });
}
