import { mutateJson } from '../mutate-json.js';
import { words } from './tensors.js';

const PREPROCESSING = {
  channels: 'rgb',
  scale: 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  size: 32,
  resize: 32,
};
const SEEDS = [
  {
    metadata: { backbone: 'vgg16', preprocessing: JSON.stringify(PREPROCESSING) },
    tensors: {
      'conv1_1.weight': [2, 3, 3, 3],
      'conv1_1.bias': [2],
      'fc8.weight': [2, 4],
      'slot:x': [1],
    },
  },
  {
    metadata: {},
    tensors: {
      'module.features.0.weight': [2, 3, 3, 3],
      'features.0.bias': [2],
      'features.1.running_mean': [2],
      'features.4.weight': [2, 2, 3, 3],
      'pre_logits.fc1.weight': [4, 2, 1, 1],
      'classifier.6.bias': [2],
    },
  },
  {
    metadata: {},
    tensors: {
      'block1_conv1/kernel:0': [3, 3, 3, 2],
      'block1_conv1/bias:0': [2],
      'fc1/kernel:0': [18, 2],
      'predictions/b': [2],
    },
    config: {
      config: {
        layers: [
          { class_name: 'Rescaling', config: { name: 'rescaling', scale: 0.1, offset: [1, 2, 3] } },
          {
            class_name: 'Conv2D',
            config: { name: 'block1_conv1', strides: [1, 1], padding: 'same' },
          },
          { class_name: 'MaxPooling2D', config: { name: 'pool', pool_size: [2, 2] } },
          { class_name: 'Dense', config: { name: 'fc1', activation: 'relu' } },
        ],
      },
    },
  },
  { metadata: {}, tensors: { 'layer1.0.conv1.weight': [2, 3, 3, 3] } },
];

/** The names, shapes and metadata of a weights file: which network it is, and what of it is used. */
export async function create({ load }) {
  const { recognise, structureOf } = await load('weights/recognise');
  const { readWeights } = await load('weights/read');
  const { buildNetwork } = await load('network/build');
  const { parameterShapes } = await load('network/parameters');
  const { plainPreprocessing } = await load('network/preprocessing');
  const head = { kind: 'linear', dropout: 0, hidden: 1 };
  const network = buildNetwork({
    backbone: 'vgg-nano',
    head,
    classes: 2,
    preprocessing: plainPreprocessing(64),
  });
  const whole = { metadata: {}, tensors: Object.fromEntries(parameterShapes(network)) };
  return {
    seeds: [...SEEDS, whole].map((seed) => Buffer.from(JSON.stringify(seed))),
    tokens: words(
      'features.',
      'conv1_1.weight',
      'fc8',
      'block1_conv1/',
      '.running_mean',
      'vgg16_bn',
      'vgg19',
      '[]',
      '1e9',
    ),
    read: async (bytes) => {
      const file = fileOf(bytes.toString());
      const found = recognise(file);
      structureOf(found);
      await readWeights(file, found, { network, options: { keepHead: true, channels: 'rgb' } });
    },
    make: (bytes, { rng }) => Buffer.from(mutateJson(bytes.toString(), rng)),
  };
}

/** An open file as every format gives it: names, and shapes of whole numbers. */
function fileOf(text) {
  const { metadata, tensors, config } = parsed(text);
  const isShape = (shape) =>
    Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  const rows = Object.entries(tensors ?? {}).filter(([, shape]) => isShape(shape));
  let left = MOST_NUMBERS;
  const room = (size) => {
    left -= size;
    return left >= 0 ? size : 0;
  };
  const strings = Object.entries(metadata ?? {}).filter(([, value]) => typeof value === 'string');
  return {
    format: 'safetensors',
    where: 'input',
    tensors: new Map(rows.map(([name, shape]) => [name, { shape, dtype: 'float32' }])),
    metadata: Object.fromEntries(strings),
    config,
    // A reader gives as many numbers as the shape says, or refuses.
    read: async (name) => ({
      shape: tensors[name],
      data: ZEROS.subarray(0, room(sizeOf(tensors[name]))),
    }),
    close: async () => undefined,
  };
}

/** Made once: what a reader gives counts as its file's, which these names and shapes only stand for. */
const ZEROS = new Float32Array(2 ** 20);
/** Of all tensors that are read: vgg-nano has 1.2 million, and inputs of a kilobyte are held to some megabytes. */
const MOST_NUMBERS = 1_500_000;

/** Numbers of a tensor; one that no file of these sizes could hold is empty. */
function sizeOf(shape) {
  const size = shape.reduce((product, side) => product * side, 1);
  return size <= ZEROS.length ? size : 0;
}

function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return { tensors: { [text.slice(0, 100)]: [1] } };
  }
}
