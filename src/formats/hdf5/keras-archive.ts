import { messageOf } from '../../base/errors.ts';
import { member } from '../../base/member.ts';
import { type ByteSource, expectRange, readRange } from '../byte-source.ts';
import type { TensorFile } from '../tensor-file.ts';
import { readZipDirectory, type ZipEntry } from '../zip-directory.ts';
import { damagedHdf5, openHdf5 } from './file.ts';
import { tensorFileOf } from './keras-layers.ts';
import { groupNames } from './keras-names.ts';
import { kerasVariables, type LayerNames } from './keras-variables.ts';

/** The member of a `.keras` file that holds its weights. */
const KERAS_WEIGHTS = 'model.weights.h5';
/** Bytes; the config of a VGG has some 20 kB. */
const MAX_CONFIG_BYTES = 2 ** 24;

/**
 * Opens a `.keras` file of Keras 3: a zip of the model's config and of its weights, both uncompressed.
 * Tensors are named as `kerasVariables` says.
 * @throws VggtuneError (data)
 */
export async function openKerasArchive(source: ByteSource): Promise<TensorFile> {
  const entries = await readZipDirectory(source);
  const weights = entries.get(KERAS_WEIGHTS);
  if (weights === undefined) throw damagedHdf5(source, `an archive without ${KERAS_WEIGHTS}`);
  const { start, size } = await weights.locate();
  const file = await openHdf5(sliceOf(source, start, size));
  const config = await readConfig(source, entries.get('config.json'));
  const datasets = await kerasVariables(file, layerNames(config));
  return { ...tensorFileOf(file, { format: 'keras', datasets, metadata: {} }), config };
}

async function readConfig(source: ByteSource, entry: ZipEntry | undefined): Promise<unknown> {
  if (entry === undefined) return undefined;
  const { start, size } = await entry.locate();
  if (size > MAX_CONFIG_BYTES) throw damagedHdf5(source, `a config of ${size} bytes`);
  const text = Buffer.from(await readRange(source, start, size)).toString('utf8');
  try {
    const config: unknown = JSON.parse(text);
    return config;
  } catch (error) {
    throw damagedHdf5(source, `a config.json that is no JSON: ${messageOf(error)}`);
  }
}

/** The names of the layers by the path of their variables. */
function layerNames(config: unknown): LayerNames {
  const names = new Map<string, string>();
  addNames(names, config, '');
  return names;
}

/** Adds the layers of a model, and of the models among them. JSON that was parsed has no cycles. */
function addNames(names: Map<string, string>, model: unknown, prefix: string): void {
  const layers = member(member(model, 'config'), 'layers');
  if (!Array.isArray(layers)) return;
  const classNames = layers.map((layer) => member(layer, 'class_name'));
  const groups = groupNames(classNames.map((name) => (typeof name === 'string' ? name : '')));
  for (const [index, layer] of layers.entries()) {
    const path = `${prefix}layers/${groups[index]}`;
    const name = member(member(layer, 'config'), 'name');
    if (typeof name === 'string') names.set(path, name);
    addNames(names, layer, `${path}/`);
  }
}

/** A range of a source as a source of its own. */
function sliceOf(source: ByteSource, start: number, size: number): ByteSource {
  const slice: ByteSource = {
    where: source.where,
    size,
    fill: async (from, into) => {
      expectRange(slice, from, into.length);
      await source.fill(start + from, into);
    },
    close: () => source.close(),
  };
  return slice;
}
