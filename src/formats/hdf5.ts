import type { ByteSource } from './byte-source.ts';
import { readFloats } from './dtype.ts';
import { damagedHdf5, type Hdf5File, openHdf5, readGroup, readMessages } from './hdf5-object.ts';
import { datasetOf, type Hdf5Dataset, textAttribute } from './hdf5-values.ts';
import { noSuchTensor, type TensorFile } from './tensor-file.ts';

/**
 * Opens a Keras weights file (`model.save_weights('x.h5')`), or a whole saved model, whose weights
 * are in `model_weights`. The attributes say which layers and weights there are, in order; tensors
 * are named LAYER/WEIGHT as they say, in Keras's layouts.
 * @throws VggtuneError (data)
 */
export async function openKerasHdf5(source: ByteSource): Promise<TensorFile> {
  const file = await openHdf5(source);
  const root = await kerasRoot(file);
  const datasets = new Map<string, Hdf5Dataset>();
  const members = await readGroup(file, root.address);
  for (const layer of root.layers) {
    const group = await walkTo(file, members, layer);
    const weights = await namesAttribute(file, group, 'weight_names');
    if (weights === undefined) throw damagedHdf5(source, `a layer ${layer} without weight_names`);
    if (weights.length === 0) continue;
    const inside = await readGroup(file, group);
    for (const weight of weights) {
      const messages = await readMessages(file, await walkTo(file, inside, weight));
      const dataset = datasetOf(source, messages);
      if (dataset === undefined) throw damagedHdf5(source, `no array at ${layer}/${weight}`);
      datasets.set(`${layer}/${weight}`, dataset);
    }
  }
  return {
    format: 'keras-h5',
    where: source.where,
    tensors: datasets,
    metadata: await kerasMetadata(file, root.address),
    async read(name) {
      const dataset = datasets.get(name);
      if (dataset === undefined) throw noSuchTensor(source.where, name, datasets.keys());
      return readFloats(source, { name, ...dataset });
    },
    close: () => source.close(),
  };
}

async function kerasRoot(file: Hdf5File): Promise<{ address: number; layers: readonly string[] }> {
  const own = await namesAttribute(file, file.root, 'layer_names');
  if (own !== undefined) return { address: file.root, layers: own };
  const members = await readGroup(file, file.root);
  const inner = members.get('model_weights');
  const layers = inner === undefined ? undefined : await namesAttribute(file, inner, 'layer_names');
  if (inner !== undefined && layers !== undefined) return { address: inner, layers };
  const found = `an HDF5 file without layer_names, holding ${[...members.keys()].slice(0, 8)}`;
  throw damagedHdf5(file.source, found);
}

/** Keras splits a list that is too long for one attribute into NAME0, NAME1, ... */
async function namesAttribute(
  file: Hdf5File,
  address: number,
  name: string,
): Promise<readonly string[] | undefined> {
  const messages = await readMessages(file, address);
  const whole = await textAttribute(file, messages, name);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let index = 0; ; index++) {
    const part = await textAttribute(file, messages, `${name}${index}`);
    if (part === undefined) return index === 0 ? undefined : parts;
    parts.push(...part);
  }
}

async function kerasMetadata(file: Hdf5File, address: number): Promise<Record<string, string>> {
  const messages = await readMessages(file, address);
  const metadata: Record<string, string> = {};
  for (const name of ['backend', 'keras_version']) {
    const [text] = (await textAttribute(file, messages, name)) ?? [];
    if (text !== undefined) metadata[name] = text;
  }
  return metadata;
}

/** The header's address of a path such as `block1_conv1/kernel:0`; slashes are groups. */
async function walkTo(
  file: Hdf5File,
  members: ReadonlyMap<string, number>,
  path: string,
): Promise<number> {
  const [first = '', ...rest] = path.split('/');
  const address = members.get(first);
  if (address === undefined) throw damagedHdf5(file.source, `no member "${path}"`);
  if (rest.length === 0) return address;
  return walkTo(file, await readGroup(file, address), rest.join('/'));
}
