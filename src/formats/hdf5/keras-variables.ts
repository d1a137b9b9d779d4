import { readAttributes, textAttribute } from './attribute.ts';
import { datasetOf, type Hdf5Dataset } from './dataset.ts';
import { damagedHdf5, type Hdf5File } from './file.ts';
import { readGroup } from './group.ts';
import { readMessages } from './object-header.ts';

/** Names of layers by the path of their group: `layers/conv2d_1` is `block1_conv2`. */
export type LayerNames = ReadonlyMap<string, string>;

/** Models of Keras nest a few levels; a file whose groups hold each other ends here. */
const MAX_DEPTH = 16;
/** Groups of a weights file that are not layers. */
const NO_WEIGHTS: ReadonlySet<string> = new Set(['optimizer', 'loss_tracker', 'metrics']);

/**
 * The variables of a Keras 3 file (`keras/src/saving/saving_lib.py`): a layer has a group that is called
 * after its class and counted, with its variables in `vars/0`, `vars/1`, ... They are named
 * MODEL/LAYER/INDEX, with the names that layers have in their model: newer files say them in an
 * attribute of `vars`, others only in the config beside them (`known`). A layer of which neither says a name is
 * called by its path.
 * @throws VggtuneError (data)
 */
export async function kerasVariables(
  file: Hdf5File,
  known: LayerNames = new Map(),
): Promise<Map<string, Hdf5Dataset>> {
  const walk: Walk = { file, known, found: new Map() };
  const root = await readGroup(file, file.root);
  for (const [name, address] of root) {
    const own = name !== 'vars' && !NO_WEIGHTS.has(name);
    if (own) await walkGroup(walk, { address, path: [name], names: [] });
  }
  return walk.found;
}

interface Walk {
  readonly file: Hdf5File;
  readonly known: LayerNames;
  readonly found: Map<string, Hdf5Dataset>;
}

interface Place {
  readonly address: number;
  readonly path: readonly string[];
  /** The names of the models and layers that contain it. */
  readonly names: readonly string[];
}

async function walkGroup(walk: Walk, place: Place): Promise<void> {
  const { file, found } = walk;
  const { address, path, names } = place;
  if (path.length > MAX_DEPTH) throw damagedHdf5(file.source, `groups deeper than ${MAX_DEPTH}`);
  const messages = await readMessages(file, address);
  const dataset = datasetOf(file, messages);
  if (dataset !== undefined) {
    if (path.at(-2) === 'vars') found.set([...names, path.at(-1)].join('/'), dataset);
    return;
  }
  const members = await readGroup(file, address);
  const own = await layerName(walk, members.get('vars'), path);
  const inside = own === undefined ? names : [...names, own];
  for (const [name, member] of members) {
    await walkGroup(walk, { address: member, path: [...path, name], names: inside });
  }
}

/** The name of the layer whose variables a group holds; undefined for a list of layers. */
async function layerName(
  { file, known }: Walk,
  vars: number | undefined,
  path: readonly string[],
): Promise<string | undefined> {
  if (vars === undefined) return undefined;
  const attributes = await readAttributes(file, await readMessages(file, vars));
  const [name] = (await textAttribute(file, attributes, 'name')) ?? [];
  return name ?? known.get(path.join('/')) ?? path.at(-1);
}
