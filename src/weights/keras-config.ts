import { member } from '../base/member.ts';
import { type KerasLayer, layersOf, textOf } from './keras-layers.ts';
import { kerasPreprocessing } from './keras-preprocessing.ts';
import type { NamedFile, Naming } from './naming.ts';
import type { SourceTensor } from './source-tensor.ts';

/** The epsilon of our batch norms. */
const EPSILON = 1e-5;

/**
 * What the config of a Keras model says of the layers whose weights were named: strides, padding, activations and pools
 * that a VGG has not are told as foreign, a hidden layer without ReLU is left out, and batch norms get their own epsilon.
 * @param config as parsed from JSON; what is not understood of it says nothing
 */
export function withKerasConfig(naming: Naming, config: unknown): NamedFile {
  const containers = layersOf(config);
  const convolutions = sourceParts(naming, /^conv.*\.weight$/);
  const own = containers.find((layers) =>
    convolutions.every((parts) => layerOf(layers, parts)?.kind === 'Conv2D'),
  );
  if (own === undefined || convolutions.length === 0) return naming;
  const foreign = naming.foreign ?? foreignIn(own, convolutions);
  const tensors = new Map(
    [...naming.tensors].map(([name, tensor]) => [name, withEpsilon(tensor, own)] as const),
  );
  const known = withoutOtherHidden({ ...naming, foreign, tensors }, containers.flat());
  const { preprocessing, notes } = kerasPreprocessing(config, own);
  return { ...known, preprocessing, notes: [...known.notes, ...notes] };
}

/** The parts of the file's names of some tensors: `vgg16`, `block1_conv1`, `kernel:0`. */
const sourceParts = ({ tensors }: Naming, pattern: RegExp): (readonly string[])[] =>
  [...tensors].flatMap(([name, source]) =>
    pattern.test(name) && source.name !== '' ? [source.name.split('/')] : [],
  );

const layerOf = (layers: readonly KerasLayer[], parts: readonly string[]) =>
  layers.find(({ name }) => parts.includes(name));

/** The first layer from the first convolution to the last pool that a VGG has not, in words. */
function foreignIn(
  layers: readonly KerasLayer[],
  convolutions: readonly (readonly string[])[],
): string | undefined {
  const places = convolutions.map((parts) => layers.findIndex(({ name }) => parts.includes(name)));
  const last = Math.max(...places);
  for (let at = Math.min(...places); at < layers.length; at++) {
    const layer = layers[at];
    if (layer === undefined || (at > last && !Object.hasOwn(WHY_NOT, layer.kind))) return undefined;
    const why = Object.hasOwn(WHY_NOT, layer.kind)
      ? WHY_NOT[layer.kind]?.(layer.config, layers[at - 1])
      : layer.kind;
    if (why !== undefined) return `a layer "${layer.name}" with ${why}`;
  }
  return undefined;
}

type WhyNot = (config: unknown, before: KerasLayer | undefined) => string | undefined;

const nothing: WhyNot = () => undefined;

/** Why a layer is none of a VGG, by the classes that may stand among its convolutions. */
const WHY_NOT: Readonly<Record<string, WhyNot>> = {
  Conv2D: (config, before) =>
    unless(config, { strides: 1, dilation_rate: 1, groups: 1, data_format: 'channels_last' }) ??
    paddingReason(config, before) ??
    activationReason(member(config, 'activation')),
  MaxPooling2D: (config) =>
    unless(config, { pool_size: 2, strides: 2, data_format: 'channels_last' }),
  AveragePooling2D: () => 'AveragePooling2D',
  Activation: (config) => activationReason(member(config, 'activation')),
  ReLU: (config) => unless(config, { max_value: 'none', negative_slope: 0, threshold: 0 }),
  BatchNormalization: nothing,
  ZeroPadding2D: nothing,
  Dropout: nothing,
  SpatialDropout2D: nothing,
  GaussianDropout: nothing,
  GaussianNoise: nothing,
  InputLayer: nothing,
};

/** The first setting that is there and is another one: `strides 2,2`. */
function unless(config: unknown, wanted: Readonly<Record<string, number | string>>) {
  for (const [key, value] of Object.entries(wanted)) {
    const found = member(config, key);
    if (found === undefined || found === null) continue;
    if ([found].flat().every((each) => each === value)) continue;
    return `${key} ${JSON.stringify(found)
      .replaceAll(/[[\]"]/g, '')
      .slice(0, 40)}`;
  }
  return undefined;
}

/** Older scripts put the zeros around the image themselves. */
function paddingReason(config: unknown, before: KerasLayer | undefined): string | undefined {
  const padding = member(config, 'padding');
  if (padding === undefined || padding === 'same') return undefined;
  const zeros = before?.kind === 'ZeroPadding2D' ? member(before.config, 'padding') : undefined;
  const around = [zeros].flat(2).every((each) => each === 1);
  return around ? undefined : `padding ${textOf(padding)}`;
}

/** Activations are names, or classes with a name of their own. */
function activationReason(activation: unknown): string | undefined {
  const name = nameOf(activation);
  return ['relu', 'linear'].includes(name) ? undefined : `activation ${name}`;
}

function nameOf(activation: unknown): string {
  if (activation === undefined || activation === null) return 'linear';
  if (typeof activation === 'string') return activation;
  return textOf(member(activation, 'class_name')).toLowerCase() || 'of its own';
}

function withEpsilon(tensor: SourceTensor, layers: readonly KerasLayer[]): SourceTensor {
  if (tensor.shift === undefined) return tensor;
  const epsilon = member(layerOf(layers, tensor.name.split('/'))?.config, 'epsilon');
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon < 1)) return tensor;
  return { ...tensor, shift: epsilon - EPSILON };
}

/** Our heads have ReLU behind their hidden layers. */
function withoutOtherHidden(naming: Naming, layers: readonly KerasLayer[]): Naming {
  const hidden = sourceParts(naming, /^fc[67]\.weight$/);
  const other = hidden
    .map((parts) => layers.findIndex(({ kind, name }) => kind === 'Dense' && parts.includes(name)))
    .map((at) => ({ name: layers[at]?.name, activation: activationBehind(layers, at) }))
    .find(({ activation }) => activation !== 'relu');
  if (other?.name === undefined) return naming;
  const head = [...naming.tensors].filter(([name]) => name.startsWith('fc'));
  const note = `its classifier has the activation ${other.activation} behind the hidden layer "${other.name}", where the heads mlp and vgg have relu, and is left out`;
  return {
    ...naming,
    tensors: new Map([...naming.tensors].filter(([name]) => !name.startsWith('fc'))),
    surplus: [...naming.surplus, ...head.map(([, { name }]) => name).filter((name) => name !== '')],
    notes: [...naming.notes, note],
  };
}

/** The activation of a dense layer, or of the layer behind it that is one. */
function activationBehind(layers: readonly KerasLayer[], at: number): string {
  const own = nameOf(member(layers[at]?.config, 'activation'));
  if (own !== 'linear') return own;
  const next = layers.slice(at + 1).find(({ kind }) => kind !== 'Dropout');
  if (next?.kind === 'ReLU') return 'relu';
  return next?.kind === 'Activation' ? nameOf(member(next.config, 'activation')) : own;
}
