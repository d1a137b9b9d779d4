import type { Shape } from '../base/tensor.ts';
import type { Preprocessing } from '../network/spec.ts';
import { type FoundNetwork, findNetworks } from './find-network.ts';
import { foreignLayer } from './foreign-layer.ts';
import { isUnder, type Module, modulesOf, ordersOf } from './modules.ts';
import { headTensors } from './name-head.ts';
import type { SourceTensor } from './source-tensor.ts';

export type Family = 'torchvision' | 'timm' | 'keras' | 'vggtune';

/** What a file's names and shapes say: which tensor is which, and what is left over. */
export interface Naming {
  readonly family: Family;
  /** By canonical name. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly surplus: readonly string[];
  /** What a user should know of how the file was understood, as sentences. */
  readonly notes: readonly string[];
  /** What the file has among the convolutions that a VGG has not, in words. */
  readonly foreign?: string | undefined;
}

/** The same, with the preprocessing that is part of the file's model. */
export type NamedFile = Naming & { readonly preprocessing?: Preprocessing | undefined };

type Shapes = ReadonlyMap<string, Shape>;

/**
 * Names the tensors of a file; undefined when it holds no VGG.
 * @param listed whether the file lists its tensors in the order of the layers
 */
export function nameTensors(shapes: Shapes, listed = false): Naming | undefined {
  return fromCanonical(shapes) ?? fromStructure(shapes, listed);
}

/** Counters and optimizer slots, which are no weights. */
const IGNORED = /(?:(?:^|\.)(?:num_batches_tracked|n_averaged)$)|(?:^slot:)/;
const CANONICAL =
  /^(?:(?:conv|bn)[1-5]_\d+|fc[678]|fc8_norm)\.(?:weight|bias|running_mean|running_var)$/;

function fromCanonical(shapes: Shapes): Naming | undefined {
  const tensors = new Map<string, SourceTensor>();
  for (const [name, shape] of shapes) {
    if (CANONICAL.test(name)) tensors.set(name, { name, layout: 'same', shape });
  }
  if (!tensors.has('conv1_1.weight')) return undefined;
  return { family: 'vggtune', tensors, surplus: surplusOf(shapes, tensors), notes: [] };
}

function fromStructure(shapes: Shapes, listed: boolean): Naming | undefined {
  const modules = modulesOf(shapes);
  const networks = findNetworks(modules, listed);
  const isAveraged = averagedBy(shapes);
  const network = networks.find(isAveraged) ?? networks[0];
  if (network === undefined) return undefined;
  const others = networks.filter((other) => other !== network);
  const own = modules.filter((module) => isOf(module, network, others));
  const convolutions = convolutionTensors(network);
  const norms = normTensors(network, own, listed);
  if (norms === undefined) return undefined;
  const rest = own.filter(
    (module) => !network.convolutions.includes(module) && !norms.used.includes(module),
  );
  const head = headTensors(network, rest, listed);
  const tensors = new Map([...convolutions, ...norms.tensors, ...head.tensors]);
  const family = network.layout === 'hwio' ? 'keras' : head.timm ? 'timm' : 'torchvision';
  const notes = [...severalNetworks(network, others, isAveraged(network)), ...head.notes];
  const foreign = foreignLayer(network, own, { norms: norms.used, listed });
  return { family, tensors, surplus: surplusOf(shapes, tensors), notes, foreign };
}

/** timm and torchvision keep an averaged copy of the weights beside them, and measure that. */
const AVERAGED = /(?:^|[._])(?:ema|averaged?|swa)(?:$|[._])/i;
/** The counter of mmengine's averages. */
const MMENGINE_STEPS = 'ema_state_dict.steps';

/** Tells the averaged copy: mmengine's EMAHook exchanges the two when it saves, so that `state_dict` is the averaged one. */
function averagedBy(shapes: Shapes): (network: FoundNetwork) => boolean {
  const exchanged = shapes.has(MMENGINE_STEPS);
  return ({ prefix }) => prefix.some((part) => AVERAGED.test(part)) !== exchanged;
}

function severalNetworks(
  used: FoundNetwork,
  others: readonly FoundNetwork[],
  isAveraged: boolean,
): string[] {
  if (others.length === 0) return [];
  const name = ({ prefix }: FoundNetwork) => JSON.stringify(prefix.join('.'));
  const averaged = isAveraged ? ', the averaged one,' : '';
  return [
    `the file holds ${others.length + 1} networks: ${name(used)}${averaged} is used, and not ${others.map(name).join(', ')}`,
  ];
}

/** Whether a module is part of a network rather than of another one in the file: their paths part where they differ. */
function isOf(module: Module, network: FoundNetwork, others: readonly FoundNetwork[]): boolean {
  const shared = (prefix: readonly string[]) => {
    const at = prefix.findIndex((part, index) => module.path[index] !== part);
    return at < 0 ? prefix.length : at;
  };
  return others.every((other) => shared(other.prefix) <= shared(network.prefix));
}

/** `1_1`, `1_2`, `2_1`, ... */
function places({ blocks }: FoundNetwork): string[] {
  return blocks.flatMap((count, block) =>
    Array.from({ length: count }, (_, place) => `${block + 1}_${place + 1}`),
  );
}

function convolutionTensors(network: FoundNetwork): [string, SourceTensor][] {
  const { layout, convolutions } = network;
  const names = places(network);
  return convolutions.flatMap(({ kernel, bias }, at): [string, SourceTensor][] => {
    if (kernel === undefined) return [];
    const [a = 0, b = 0, c = 0, d = 0] = kernel.shape;
    const shape = layout === 'oihw' ? kernel.shape : [d, c, a, b];
    const weight: SourceTensor = {
      name: kernel.name,
      layout: layout === 'oihw' ? 'same' : 'hwio',
      shape,
    };
    const offset: SourceTensor =
      bias === undefined
        ? { name: '', layout: 'zeros', shape: [shape[0] ?? 0] }
        : { name: bias.name, layout: 'same', shape: bias.shape };
    return [
      [`conv${names[at]}.weight`, weight],
      [`conv${names[at]}.bias`, offset],
    ];
  });
}

/** Keras's default, and the one of PyTorch and of our networks. */
const KERAS_EPSILON = 1e-3;
const EPSILON = 1e-5;
const NORM_PARTS = ['weight', 'bias', 'running_mean', 'running_var'] as const;

interface NamedNorms {
  readonly tensors: readonly [string, SourceTensor][];
  readonly used: readonly Module[];
}

/** A batch norm for each convolution, or none at all; undefined where it is another network. */
function normTensors(
  network: FoundNetwork,
  modules: readonly Module[],
  listed: boolean,
): NamedNorms | undefined {
  const { convolutions, widths, prefix, layout } = network;
  const last = convolutions.at(-1)?.place ?? 0;
  const inside = modules.filter((module) => module.norm !== undefined && isUnder(module, prefix));
  if (inside.length < convolutions.length) {
    // Fewer are those of a classifier, unless they stand among the convolutions.
    return listed && inside.some(({ place }) => place < last)
      ? undefined
      : { tensors: [], used: [] };
  }
  const used = [...inside].sort(ordersOf(listed)[0]).slice(0, convolutions.length);
  if (!used.every(({ norm }, at) => norm?.[0]?.shape[0] === widths[at])) return undefined;
  const names = places(network);
  const shift = layout === 'hwio' ? KERAS_EPSILON - EPSILON : 0;
  const tensors = used.flatMap(({ norm = [] }, at) =>
    norm.map(({ name, shape }, part): [string, SourceTensor] => [
      `bn${names[at]}.${NORM_PARTS[part]}`,
      { name, layout: 'same', shape, ...(part === 3 && shift > 0 ? { shift } : {}) },
    ]),
  );
  return { tensors, used };
}

function surplusOf(shapes: Shapes, tensors: ReadonlyMap<string, SourceTensor>): string[] {
  const used = new Set([...tensors.values()].map(({ name }) => name));
  return [...shapes.keys()].filter((name) => !used.has(name) && !IGNORED.test(name));
}
