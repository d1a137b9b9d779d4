import { mutateProto } from '../mutate-proto.js';
import { fixture } from './pickle.js';
import { tensorReader, words } from './tensors.js';

/** ONNX models. The same decoder reads the graphs by which exports are checked. */
export async function create({ load }) {
  const { encodeOnnx } = await load('formats/onnx-proto');
  const { openTensorSource } = await load('formats/open');
  const { memorySource } = await load('formats/byte-source');
  const { recognise } = await load('weights/recognise');
  const readAll = await tensorReader(load);
  const graphs = await Promise.all(
    ['plain.onnx', 'tf2onnx-caffe.onnx'].map((name) => fixture(`writers/${name}`)),
  );
  return {
    // A tensor of whole numbers is refused when it is read, and the others are read.
    seeds: [
      ...[MODEL, { ...MODEL, initializers: MODEL.initializers.slice(0, 1) }].map((model) =>
        Buffer.from(encodeOnnx(model)),
      ),
      ...graphs,
    ],
    tokens: words(
      ...[
        '\x08\x08',
        '\x3a',
        '\x2a',
        '\x4a',
        '\x72',
        '\x08',
        '\x10',
        '\x12',
        '\x0a',
        '\x80\x80\x80\x80',
      ],
      ...['\xff\xff\xff\xff\x0f', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01', '\0', '\x0b', '\x0c'],
      ...['__proto__', 'constructor', 'external', 'location', '../../etc/passwd', 'Conv', 'batch'],
    ),
    read: async (bytes) => {
      const file = await openTensorSource(memorySource(bytes, 'input'));
      recognise(file);
      await readAll(bytes);
    },
    make: (bytes, tools) => mutateProto(bytes, tools),
  };
}

const MODEL = {
  irVersion: 8,
  opsets: { '': 17, 'com.microsoft': 1 },
  producer: { name: 'vggtune', version: '1' },
  metadata: { format: 'vggtune-model', backbone: 'vgg16' },
  name: 'graph',
  nodes: [
    {
      type: 'Conv',
      domain: '',
      name: 'c',
      inputs: ['x', 'w'],
      outputs: ['y'],
      attributes: {
        pads: { ints: [1, 1, 1, 1] },
        alpha: { float: 0.5 },
        group: { int: 1 },
        mode: { string: 'SAME' },
        scales: { floats: [1, 2] },
      },
    },
  ],
  initializers: [
    { name: 'w', type: 'float32', shape: [1, 2], bytes: new Uint8Array(8) },
    { name: 's', type: 'int64', shape: [], bytes: new Uint8Array(8) },
  ],
  inputs: [{ name: 'x', type: 'uint8', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['batch', 1] }],
};
