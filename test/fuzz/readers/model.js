import { mutateJson } from '../mutate-json.js';
import { words } from './tensors.js';

const METADATA = {
  format: 'vggtune-model',
  version: '1',
  backbone: 'vgg-nano',
  head: JSON.stringify({ kind: 'mlp', dropout: 0.5, hidden: 8 }),
  labels: JSON.stringify(['cat', 'dog']),
  preprocessing: JSON.stringify({
    channels: 'rgb',
    scale: 255,
    mean: [0.5, 0.5, 0.5],
    std: [1, 1, 1],
    size: 32,
    resize: 36,
  }),
  background: '#ffffff',
};

/** What a model says of itself, and the network that is built from it. */
export async function create({ load }) {
  const { fromMetadata } = await load('export/metadata');
  const { parsePreprocessing } = await load('weights/preprocessing-text');
  const { buildNetwork } = await load('network/build');
  return {
    seeds: [Buffer.from(JSON.stringify(METADATA))],
    tokens: words(
      '\\"',
      '\\\\u0000',
      '__proto__',
      'constructor',
      'vgg16',
      'levels',
      'linear',
      '1e999',
      'null',
      '-1',
      '[]',
    ),
    read: (bytes) => {
      const metadata = stringsOf(bytes.toString());
      const { backbone, head, labels, preprocessing } = fromMetadata(metadata, 'model.safetensors');
      buildNetwork({ backbone, head, classes: labels.length, preprocessing });
      parsePreprocessing(metadata.preprocessing ?? '', 'model.safetensors');
    },
    make: (bytes, { rng }) => {
      const metadata = JSON.parse(bytes.toString());
      const inner = ['head', 'labels', 'preprocessing'][rng.integer(3)];
      if (rng.integer(4) === 0) return Buffer.from(mutateJson(JSON.stringify(metadata), rng));
      metadata[inner] = mutateJson(metadata[inner] ?? 'null', rng);
      return Buffer.from(JSON.stringify(metadata));
    },
  };
}

/** As the readers of files give metadata: texts alone. */
function stringsOf(text) {
  try {
    const value = JSON.parse(text) ?? {};
    return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'));
  } catch {
    return { format: text };
  }
}
