import { type Shape, sameShape } from '../base/tensor.ts';
import { BACKBONE_ROWS, type BackboneRow } from '../network/catalog.ts';

/** How a published tensor becomes a canonical one. */
export type Layout =
  /** As it is. */
  | 'same'
  /** Convolution kernels: Keras's [H, W, in, out] to [out, in, H, W]. */
  | 'hwio'
  /** Dense kernels: [in, out] to [out, in]. */
  | 'transpose'
  /** fc6 of Keras: [H * W * C, out] to [out, C * H * W]. */
  | 'transpose-hwc'
  /** Dense kernels written as convolutions: [out, in, H, W] to [out, in * H * W]. */
  | 'flatten';

export interface SourceTensor {
  /** The file's own name. */
  readonly name: string;
  readonly layout: Layout;
  /** Canonical. */
  readonly shape: Shape;
}

export type Family = 'torchvision' | 'timm' | 'keras' | 'vggtune';

/** The interpretation of a file's names: the canonical name of each tensor, and the surplus ones. */
export interface Naming {
  readonly family: Family;
  /** By canonical name. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly surplus: readonly string[];
}

type Shapes = ReadonlyMap<string, Shape>;

/** Names the tensors of a file; undefined when they are in no naming of a VGG. */
export function nameTensors(shapes: Shapes): Naming | undefined {
  const all = [fromCanonical(shapes), fromFeatures(shapes), fromKeras(shapes)];
  return all.find((naming) => naming !== undefined);
}

/** Wrappers put these before every name: `DataParallel`, `torch.compile`. */
const WRAPPER = /^(?:module\.|_orig_mod\.)+/;
/** Counters and optimizer slots, which are no weights. */
const IGNORED = /(?:\.num_batches_tracked$)|(?:^slot:)/;
const FEATURE = /^features\.(\d+)\.(weight|bias|running_mean|running_var)$/;
const CANONICAL =
  /^(?:(?:conv|bn)[1-5]_\d+|fc[678]|fc8_norm)\.(?:weight|bias|running_mean|running_var)$/;

function fromCanonical(shapes: Shapes): Naming | undefined {
  const tensors = new Map<string, SourceTensor>();
  for (const [name, shape] of shapes) {
    if (CANONICAL.test(name)) tensors.set(name, { name, layout: 'same', shape });
  }
  return tensors.has('conv1_1.weight') ? namingOf('vggtune', shapes, tensors) : undefined;
}

/** PyTorch numbers all layers of `features` in one row, so that the numbers tell the pools. */
function fromFeatures(shapes: Shapes): Naming | undefined {
  const layers = featureLayers(shapes);
  if (layers.size === 0) return undefined;
  const tensors = new Map<string, SourceTensor>();
  let family: Family = 'torchvision';
  for (const [name, shape] of shapes) {
    const bare = name.replace(WRAPPER, '');
    const [, index = '', suffix = ''] = FEATURE.exec(bare) ?? [];
    const layer = layers.get(Number(index || Number.NaN));
    if (layer !== undefined) tensors.set(`${layer}.${suffix}`, { name, layout: 'same', shape });
    const head = headTensor(bare, shape);
    if (head === undefined) continue;
    tensors.set(head.canonical, { name, layout: head.layout, shape: head.shape });
    if (!bare.startsWith('classifier.')) family = 'timm';
  }
  return namingOf(family, shapes, tensors);
}

/** Layer by number: a convolution is 4-D, a batch norm has a running mean. */
function featureLayers(shapes: Shapes): ReadonlyMap<number, string> {
  const kinds = new Map<number, 'conv' | 'bn'>();
  for (const [name, shape] of shapes) {
    const [, index, suffix] = FEATURE.exec(name.replace(WRAPPER, '')) ?? [];
    if (suffix === 'weight' && shape.length === 4) kinds.set(Number(index), 'conv');
    if (suffix === 'running_mean') kinds.set(Number(index), 'bn');
  }
  const normed = [...kinds.values()].includes('bn');
  const names = new Map<number, string>();
  let [block, place, last] = [1, 0, -1];
  for (const index of [...kinds.keys()].sort((a, b) => a - b)) {
    if (kinds.get(index) === 'bn') {
      names.set(index, `bn${block}_${place}`);
      continue;
    }
    // A convolution, its batch norm and its ReLU; one number more is a pool.
    const pooled = last >= 0 && index - last > (normed ? 3 : 2);
    [block, place, last] = [pooled ? block + 1 : block, pooled ? 1 : place + 1, index];
    names.set(index, `conv${block}_${place}`);
  }
  return names;
}

const HEADS: Readonly<Record<string, string>> = {
  'classifier.0': 'fc6',
  'classifier.3': 'fc7',
  'classifier.6': 'fc8',
  'pre_logits.fc1': 'fc6',
  'pre_logits.fc2': 'fc7',
  'head.fc': 'fc8',
};

function headTensor(
  bare: string,
  shape: Shape,
): { canonical: string; layout: Layout; shape: Shape } | undefined {
  const [, stem = '', suffix = ''] = /^(.+)\.(weight|bias)$/.exec(bare) ?? [];
  const layer = Object.hasOwn(HEADS, stem) ? HEADS[stem] : undefined;
  if (layer === undefined) return undefined;
  const canonical = `${layer}.${suffix}`;
  const [outputs = 0, ...inputs] = shape;
  if (shape.length !== 4) return { canonical, layout: 'same', shape };
  const flat = [outputs, inputs.reduce((product, size) => product * size, 1)];
  return { canonical, layout: 'flatten', shape: flat };
}

const KERAS_HEADS: Readonly<Record<string, string>> = {
  fc1: 'fc6',
  fc2: 'fc7',
  predictions: 'fc8',
};

/**
 * LAYER/WEIGHT, or MODELS/LAYER/WEIGHT where a network is part of another; what the weight is called
 * differs by version, but kernels have more axes.
 */
function fromKeras(shapes: Shapes): Naming | undefined {
  const counted = countedConvolutions(shapes);
  const tensors = new Map<string, SourceTensor>();
  for (const [name, shape] of shapes) {
    const layers = name.split('/').slice(0, -1);
    const own = layers
      .map((layer) => kerasLayer(layer, counted))
      .findLast((found) => found !== undefined);
    if (own === undefined) continue;
    const suffix = shape.length > 1 ? 'weight' : 'bias';
    tensors.set(`${own}.${suffix}`, { name, ...kerasLayout(own, shape) });
  }
  return tensors.has('conv1_1.weight') ? namingOf('keras', shapes, tensors) : undefined;
}

function kerasLayer(layer: string, counted: ReadonlyMap<string, string>): string | undefined {
  const [, block, place] = /^block([1-5])_conv(\d+)$/.exec(layer) ?? [];
  if (block !== undefined) return `conv${block}_${place}`;
  return Object.hasOwn(KERAS_HEADS, layer) ? KERAS_HEADS[layer] : counted.get(layer);
}

const COUNTED = /(?:^|\/)(conv2d(?:_\d+)?)\/[^/]+$/;

/**
 * The canonical names of `conv2d`, `conv2d_1`, ...: what Keras calls layers that were given no name, and all
 * layers in the weights of Keras 3.0. They are a network's when their kernels are, one by one.
 */
function countedConvolutions(shapes: Shapes): ReadonlyMap<string, string> {
  const kernels = [...shapes].flatMap(([name, shape]) => {
    const [, layer] = COUNTED.exec(name) ?? [];
    return layer === undefined || shape.length !== 4 ? [] : [{ layer, shape }];
  });
  const number = (layer: string) => Number(layer.split('_')[1] ?? 0);
  kernels.sort((a, b) => number(a.layer) - number(b.layer));
  const names = Object.values(BACKBONE_ROWS)
    .map(convolutionsOf)
    .find((rows) => {
      const fits = rows.every(({ kernel }, at) => sameShape(kernel, kernels[at]?.shape ?? []));
      return fits && rows.length === kernels.length;
    });
  return new Map(names?.map(({ name }, at) => [kernels[at]?.layer ?? '', name]));
}

/** Names and kernels of a backbone's convolutions, in Keras's layout. */
function convolutionsOf({ convolutions, widths }: BackboneRow): { name: string; kernel: Shape }[] {
  let inputs = 3;
  return convolutions.flatMap((count, block) =>
    Array.from({ length: count }, (_, place) => {
      const outputs = widths[block] ?? 0;
      const kernel = [3, 3, inputs, outputs];
      inputs = outputs;
      return { name: `conv${block + 1}_${place + 1}`, kernel };
    }),
  );
}

function kerasLayout(layer: string, shape: Shape): { layout: Layout; shape: Shape } {
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  if (shape.length === 4) return { layout: 'hwio', shape: [d, c, a, b] };
  if (shape.length !== 2) return { layout: 'same', shape };
  return { layout: layer === 'fc6' ? 'transpose-hwc' : 'transpose', shape: [b, a] };
}

function namingOf(
  family: Family,
  shapes: Shapes,
  tensors: ReadonlyMap<string, SourceTensor>,
): Naming {
  const used = new Set([...tensors.values()].map(({ name }) => name));
  const surplus = [...shapes.keys()].filter((name) => !used.has(name) && !IGNORED.test(name));
  return { family, tensors, surplus };
}
