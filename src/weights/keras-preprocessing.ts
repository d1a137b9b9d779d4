import { member } from '../base/member.ts';
import { atSize, TORCHVISION_PREPROCESSING } from '../network/preprocessing.ts';
import type { Preprocessing } from '../network/spec.ts';
import { type KerasLayer, modelLayers } from './keras-layers.ts';

export interface InFront {
  /** What the layers in front of the convolutions do to pixels from 0 to 255; undefined where they do nothing. */
  readonly preprocessing: Preprocessing | undefined;
  readonly notes: readonly string[];
}

/** Layers that leave the numbers of pixels alone, or change them in training only. */
const HARMLESS =
  /^(InputLayer|Random\w+|Resizing|CenterCrop|Dropout|GaussianNoise|ZeroPadding2D|Identity)$/;

/**
 * The preprocessing that is part of a Keras model: `Rescaling` layers in front of the network. Any other layer there is
 * told, as it is not read.
 * @param config of the whole model
 * @param network the list of layers that has the convolutions
 */
export function kerasPreprocessing(config: unknown, network: readonly KerasLayer[]): InFront {
  const all = modelLayers(config);
  const layers = inFrontOf(all, network.map(({ name }) => name).join()) ?? [];
  const other = layers.find(({ kind }) => kind !== 'Rescaling' && !HARMLESS.test(kind));
  if (other !== undefined) {
    const note = `in front of its convolutions there is a layer "${other.name}" (${other.kind}), which is not read: state what it does with --weights.preprocessing`;
    return { preprocessing: undefined, notes: [note] };
  }
  const steps = layers.flatMap(({ kind, config: own }) =>
    kind === 'Rescaling' ? [stepOf(own)] : [],
  );
  if (steps.length === 0) return { preprocessing: undefined, notes: [] };
  const preprocessing = asPreprocessing(steps, sideOf(layers));
  if (preprocessing === undefined) {
    const note = 'its Rescaling is not understood: state it with --weights.preprocessing';
    return { preprocessing, notes: [note] };
  }
  return { preprocessing, notes: ['the preprocessing is part of the model, as a Rescaling'] };
}

/** The layers in front of the first convolution, of the models that it is in too; undefined where it is in none. */
function inFrontOf(layers: readonly KerasLayer[], network: string): KerasLayer[] | undefined {
  const own = layers.map(({ name }) => name).join() === network;
  for (const [at, { kind, inner }] of layers.entries()) {
    const inside = own && kind === 'Conv2D' ? [] : own ? undefined : inFrontOf(inner, network);
    if (inside === undefined) continue;
    // A model without the convolutions is a list of augmentations.
    const before = layers
      .slice(0, at)
      .flatMap((layer) => (layer.inner.length > 0 ? layer.inner : [layer]));
    return [...before, ...inside];
  }
  return undefined;
}

type Step = { readonly scale: readonly number[]; readonly offset: readonly number[] } | undefined;

function stepOf(config: unknown): Step {
  const [scale, offset] = [
    perChannel(member(config, 'scale')),
    perChannel(member(config, 'offset') ?? 0),
  ];
  return scale === undefined || offset === undefined ? undefined : { scale, offset };
}

function perChannel(value: unknown): readonly number[] | undefined {
  const numbers = typeof value === 'number' ? [value, value, value] : value;
  if (!Array.isArray(numbers) || numbers.length !== 3) return undefined;
  return numbers.every((each) => typeof each === 'number' && Number.isFinite(each))
    ? numbers
    : undefined;
}

/** x scale + offset as (x - mean) / std. */
function asPreprocessing(
  steps: readonly Step[],
  side: number | undefined,
): Preprocessing | undefined {
  let [factor, shift] = [
    [1, 1, 1],
    [0, 0, 0],
  ];
  for (const step of steps) {
    if (step === undefined) return undefined;
    factor = factor.map((value, at) => value * (step.scale[at] ?? 0));
    shift = shift.map((value, at) => value * (step.scale[at] ?? 0) + (step.offset[at] ?? 0));
  }
  if (!factor.every((value) => value > 0)) return undefined;
  return {
    ...atSize(TORCHVISION_PREPROCESSING, side ?? TORCHVISION_PREPROCESSING.size),
    channels: 'rgb',
    scale: 1,
    mean: triple(shift.map((value, at) => -value / (factor[at] ?? 1))),
    std: triple(factor.map((value) => 1 / value)),
  };
}

const triple = ([a = 0, b = 0, c = 0]: readonly number[]): [number, number, number] => [a, b, c];

/** The side of the square images that the model takes, where it says one: [null, height, width, channels]. */
function sideOf(layers: readonly KerasLayer[]): number | undefined {
  for (const { config } of layers) {
    const shape = member(config, 'batch_shape') ?? member(config, 'batch_input_shape');
    const [, height, width] = Array.isArray(shape) ? shape : [];
    if (typeof height === 'number' && height === width && height > 0 && height < 2 ** 14)
      return height;
  }
  return undefined;
}
