import { fixture } from './pickle.js';
import { tensorReader, words } from './tensors.js';

const NAMES = ['old', 'half', 'model', 'latest', 'chunked', 'other', 'big-endian'];

/** Keras files. */
export async function create({ load }) {
  return {
    seeds: await Promise.all(NAMES.map((name) => fixture(`hdf5/${name}.h5`))),
    tokens: words(
      ...[
        '\x89HDF\r\n\x1a\n',
        'TREE',
        'HEAP',
        'SNOD',
        'GCOL',
        'OHDR',
        'OCHK',
        'FRHP',
        'BTHD',
        'FADB',
      ],
      ...['layer_names', 'weight_names', 'layer_names0', 'model_weights', 'keras_version'],
      ...[
        '\x0c\0',
        '\x10\0',
        '\x11\0',
        '\x08\0',
        '\x03\0',
        '\x01\0',
        '\xff\xff\xff\xff\xff\xff\xff\xff',
      ],
      ...['\x60\0\0\0\0\0\0\0', '\0\0\0\0\0\0\0\0', '\x19\x01\0\0', '\x13\0\0\0'],
    ),
    read: await tensorReader(load),
  };
}
