import type { ByteSource } from '../byte-source.ts';
import { noSuchTensor, type TensorFile, type TensorFormat } from '../tensor-file.ts';
import { type Hdf5Attributes, readAttributes, textAttribute } from './attribute.ts';
import { datasetOf, type Hdf5Dataset } from './dataset.ts';
import { damagedHdf5, type Hdf5File, openHdf5 } from './file.ts';
import { type Hdf5Members, readGroup } from './group.ts';
import { kerasVariables } from './keras-variables.ts';
import { readMessages } from './object-header.ts';
import { readDataset } from './read-dataset.ts';

/**
 * Opens a weights file of Keras, by what it holds: a `.h5` of `model.save` or, in Keras 2, of
 * `model.save_weights`, whose tensors are named LAYER/WEIGHT as its attributes say; or a `.weights.h5`
 * of Keras 3 (see `kerasVariables`). Tensors are in Keras's layouts.
 * @throws VggtuneError (data)
 */
export async function openKerasHdf5(source: ByteSource): Promise<TensorFile> {
  const file = await openHdf5(source);
  const root = await kerasRoot(file);
  if (root !== undefined) {
    const datasets = await layerWeights(file, root);
    const metadata = await kerasMetadata(file, root.attributes);
    const config = await modelConfig(file);
    const content = { format: 'keras-h5', datasets, metadata } as const;
    return { ...tensorFileOf(file, content), config, ordered: true };
  }
  const datasets = await kerasVariables(file);
  if (datasets.size > 0) return tensorFileOf(file, { format: 'keras-h5', datasets, metadata: {} });
  const members = [...(await readGroup(file, file.root)).keys()].slice(0, 8);
  throw damagedHdf5(source, `an HDF5 file without layer_names, holding ${members}`);
}

/** An open file of arrays that were found in an HDF5 file. */
export function tensorFileOf(
  file: Hdf5File,
  content: {
    readonly format: TensorFormat;
    readonly datasets: ReadonlyMap<string, Hdf5Dataset>;
    readonly metadata: Readonly<Record<string, string>>;
  },
): TensorFile {
  const { source } = file;
  const { format, datasets, metadata } = content;
  const tensors = [...datasets].map(
    ([name, { shape, dtype }]) => [name, { shape, dtype }] as const,
  );
  return {
    format,
    where: source.where,
    tensors: new Map(tensors),
    metadata,
    async read(name) {
      const dataset = datasets.get(name);
      if (dataset === undefined) throw noSuchTensor(source.where, name, datasets.keys());
      return readDataset(file, name, dataset);
    },
    close: () => source.close(),
  };
}

interface KerasRoot {
  readonly address: number;
  readonly attributes: Hdf5Attributes;
  readonly layers: readonly string[];
}

/** The group that lists its layers: the file's, or `model_weights` of a whole model. */
async function kerasRoot(file: Hdf5File): Promise<KerasRoot | undefined> {
  const inner = (await readGroup(file, file.root)).get('model_weights');
  for (const address of [file.root, inner]) {
    if (address === undefined) continue;
    const attributes = await attributesAt(file, address);
    const layers = await namesAttribute(file, attributes, 'layer_names');
    if (layers !== undefined) return { address, attributes, layers };
  }
  return undefined;
}

async function layerWeights(file: Hdf5File, root: KerasRoot): Promise<Map<string, Hdf5Dataset>> {
  const datasets = new Map<string, Hdf5Dataset>();
  const members = await readGroup(file, root.address);
  for (const layer of root.layers) {
    const group = await walkTo(file, members, layer);
    const attributes = await attributesAt(file, group);
    const weights = await namesAttribute(file, attributes, 'weight_names');
    if (weights === undefined) {
      throw damagedHdf5(file.source, `a layer ${layer} without weight_names`);
    }
    if (weights.length === 0) continue;
    const inside = await readGroup(file, group);
    for (const weight of weights) {
      const messages = await readMessages(file, await walkTo(file, inside, weight));
      const dataset = datasetOf(file, messages);
      if (dataset === undefined) throw damagedHdf5(file.source, `no array at ${layer}/${weight}`);
      datasets.set(`${layer}/${weight}`, dataset);
    }
  }
  return datasets;
}

const attributesAt = async (file: Hdf5File, address: number) =>
  readAttributes(file, await readMessages(file, address));

/** Keras splits a list that is too long for one attribute into NAME0, NAME1, ... */
async function namesAttribute(
  file: Hdf5File,
  attributes: Hdf5Attributes,
  name: string,
): Promise<readonly string[] | undefined> {
  const whole = await textAttribute(file, attributes, name);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let index = 0; ; index++) {
    const part = await textAttribute(file, attributes, `${name}${index}`);
    if (part === undefined) return index === 0 ? undefined : parts;
    parts.push(...part);
  }
}

/** What `model.save` writes beside the weights; of a config that is no JSON nothing is known. */
async function modelConfig(file: Hdf5File): Promise<unknown> {
  const attributes = await attributesAt(file, file.root);
  if (!attributes.has('model_config')) return undefined;
  const [text = ''] = (await textAttribute(file, attributes, 'model_config')) ?? [];
  try {
    const config: unknown = JSON.parse(text);
    return config;
  } catch {
    return undefined;
  }
}

async function kerasMetadata(
  file: Hdf5File,
  attributes: Hdf5Attributes,
): Promise<Record<string, string>> {
  const metadata: Record<string, string> = {};
  for (const name of ['backend', 'keras_version']) {
    const [text] = (await textAttribute(file, attributes, name)) ?? [];
    if (text !== undefined) metadata[name] = text;
  }
  return metadata;
}

/** The header's address of a path such as `block1_conv1/kernel:0`; slashes are groups. */
async function walkTo(file: Hdf5File, members: Hdf5Members, path: string): Promise<number> {
  const [first = '', ...rest] = path.split('/');
  const address = members.get(first);
  if (address === undefined) throw damagedHdf5(file.source, `no member "${path}"`);
  if (rest.length === 0) return address;
  return walkTo(file, await readGroup(file, address), rest.join('/'));
}
