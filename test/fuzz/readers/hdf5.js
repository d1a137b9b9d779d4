import { fixture } from './pickle.js';
import { allOf, tensorReader, words } from './tensors.js';
import { membersOf, zipOf } from './zip.js';

/** Keras 2 and 3, alone and in their archive. */
const KERAS = [
  ...['old', 'half', 'model', 'latest', 'chunked', 'other', 'big-endian'].map(
    (name) => `${name}.h5`,
  ),
  ...['base.h5', 'base.weights.h5', 'tuned.weights.h5', 'base.keras'].map(
    (name) => `keras3/${name}`,
  ),
];
/** What HDF5 has of its own: links, attributes, and the ways in which arrays are stored. */
const FORMS = [
  ...['superblock-1', 'earliest-attributes', 'latest-attributes', 'latest-links'],
  ...['v110-storage', 'latest-storage'],
].map((name) => `forms/${name}.h5`);

/** As many objects as a person's model may have layers, and more than a form has. */
const MOST_OBJECTS = 500;

/** Keras files, and all else that HDF5 has. */
export async function create({ load }) {
  const readTensors = await tensorReader(load);
  const readForms = await formReader(load);
  return {
    seeds: await Promise.all([...KERAS, ...FORMS].map((name) => fixture(`hdf5/${name}`))),
    tokens: words(
      ...['\x89HDF\r\n\x1a\n', 'TREE', 'HEAP', 'SNOD', 'GCOL', 'OHDR', 'OCHK', 'FRHP', 'FHIB'],
      ...['FHDB', 'BTHD', 'BTIN', 'BTLF', 'FAHD', 'FADB', 'EAHD', 'EAIB', 'EASB', 'EADB', 'SMTB'],
      ...['layer_names', 'weight_names', 'layer_names0', 'model_weights', 'keras_version', 'vars'],
      ...[
        '_layer_checkpoint_dependencies',
        'layers',
        'name',
        '\x0c\0',
        '\x10\0',
        '\x11\0',
        '\x08\0',
      ],
      ...['\x03\0', '\x01\0', '\x0b\0', '\xff\xff\xff\xff\xff\xff\xff\xff'],
      ...['\x60\0\0\0\0\0\0\0', '\0\0\0\0\0\0\0\0', '\x19\x01\0\0', '\x13\0\0\0'],
    ),
    read: async (bytes) => {
      const refusal = await readTensors(bytes).then(
        () => undefined,
        (error) => error,
      );
      const own = await readForms(bytes);
      if (refusal !== undefined && !own) throw refusal;
    },
    make: (bytes, { rng, mutate }) => {
      const members = membersOf(bytes);
      if (members.length === 0) return undefined;
      const chosen = members[rng.integer(members.length)];
      chosen.data = mutate(chosen.data);
      return zipOf(members);
    },
  };
}

/** Reads every object of a file, whatever it is for. @returns whether nothing was refused */
async function formReader(load) {
  const { memorySource } = await load('formats/byte-source');
  const { readAttributes, textAttribute } = await load('formats/hdf5/attribute');
  const { datasetOf } = await load('formats/hdf5/dataset');
  const { openHdf5 } = await load('formats/hdf5/file');
  const { readGroup } = await load('formats/hdf5/group');
  const { readMessages } = await load('formats/hdf5/object-header');
  const { readDataset } = await load('formats/hdf5/read-dataset');
  const { VggtuneError } = await load('base/errors');

  async function readObject(file, address, queue) {
    const messages = await readMessages(file, address);
    const attributes = await readAttributes(file, messages);
    const works = [
      ...[...attributes.keys()].map((name) => () => textAttribute(file, attributes, name)),
      async () => {
        const dataset = datasetOf(file, messages);
        if (dataset !== undefined) await readDataset(file, 'input', dataset);
      },
      async () => queue.push(...(await readGroup(file, address)).values()),
    ];
    await allOf(works, (work) => work(), VggtuneError);
  }

  return async (bytes) => {
    try {
      const file = await openHdf5(memorySource(bytes, 'input'));
      const queue = [file.root];
      const seen = new Set();
      await allOf(
        queue,
        async (address) => {
          if (seen.has(address) || seen.size > MOST_OBJECTS) return;
          seen.add(address);
          await readObject(file, address, queue);
        },
        VggtuneError,
      );
      return true;
    } catch (error) {
      if (error instanceof VggtuneError) return false;
      throw error;
    }
  };
}
