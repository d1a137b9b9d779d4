import { dataError } from '../base/errors.ts';
import { type Shape, sameShape } from '../base/tensor.ts';
import type { TensorFile } from '../formats/tensor-file.ts';
import { buildNetwork } from '../network/build.ts';
import { BACKBONE_ROWS, BACKBONES, type BackboneName } from '../network/catalog.ts';
import { parameterShapes } from '../network/parameters.ts';
import {
  KERAS_PREPROCESSING,
  plainPreprocessing,
  TORCHVISION_PREPROCESSING,
} from '../network/preprocessing.ts';
import type { Preprocessing } from '../network/spec.ts';
import { withKerasConfig } from './keras-config.ts';
import { type NamedFile, type Naming, nameTensors } from './naming.ts';
import { nameGraph } from './onnx/name-graph.ts';
import { parsePreprocessing } from './preprocessing-text.ts';

/** What a weights file holds, from its content alone. */
export interface Recognised extends Naming {
  /** The catalog's network with these convolutions; undefined for a VGG of another structure. */
  readonly backbone: BackboneName | undefined;
  /** Classes of the output layer, where the file has one. */
  readonly classes: number | undefined;
  /** What the file says, or else the family's own; undefined where nothing is known. */
  readonly preprocessing: Preprocessing | undefined;
  /** Whether the preprocessing is the family's own, because the file says nothing of it. */
  readonly assumed: boolean;
  /** Whether batch norm is already part of the convolutions, as in an ONNX export. */
  readonly folded: boolean;
}

/** @throws VggtuneError (data) when it is no VGG: says what it looks like */
export function recognise(file: TensorFile): Recognised {
  const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  const naming = namingOf(file, shapes);
  if (naming === undefined || !isVgg(naming)) throw notVgg(file, shapes);
  if (naming.foreign !== undefined) throw changedVgg(file, naming.foreign);
  const exact = BACKBONES.find((backbone) => hasBackbone(naming, backbone, false));
  const claimed = BACKBONES.find((backbone) => backbone === file.metadata.backbone);
  const folded = claimed !== undefined && BACKBONE_ROWS[claimed].batchNorm && !hasNorm(naming);
  const unfolded = folded && hasBackbone(naming, claimed, true) ? claimed : undefined;
  return {
    ...naming,
    backbone: folded ? unfolded : exact,
    classes: naming.tensors.get('fc8.weight')?.shape[0],
    preprocessing: preprocessingOf(naming, file),
    assumed: file.metadata.preprocessing === undefined && naming.preprocessing === undefined,
    folded,
  };
}

/** Names say nothing in a graph, unless they are our own. */
function namingOf(file: TensorFile, shapes: ReadonlyMap<string, Shape>): NamedFile | undefined {
  const named = nameTensors(shapes, file.ordered);
  if (named?.family === 'keras') return withKerasConfig(named, file.config);
  if (file.graph === undefined || named?.family === 'vggtune') return named;
  return nameGraph(file.graph, file.where);
}

/** In words: `VGG with 2, 2, 3, 3, 3 convolutions of 64, 128, 256, 512, 512 channels`. */
export function structureOf({ tensors }: Naming): string {
  const blocks = new Map<string, number[]>();
  for (const [name, { shape }] of tensors) {
    const [, block] = /^conv(\d+)_\d+\.weight$/.exec(name) ?? [];
    if (block !== undefined) blocks.set(block, [...(blocks.get(block) ?? []), shape[0] ?? 0]);
  }
  const counts = [...blocks.values()].map((widths) => widths.length);
  const widths = [...blocks.values()].map((all) => [...new Set(all)].join('/'));
  return `a VGG with ${counts.join(', ')} convolutions of ${widths.join(', ')} channels`;
}

/** Shapes of the tensors of a backbone, without its head. */
export function backboneShapes(backbone: BackboneName): ReadonlyMap<string, Shape> {
  const network = buildNetwork({
    backbone,
    head: { kind: 'linear', dropout: 0, hidden: 1 },
    classes: 1,
    preprocessing: plainPreprocessing(64),
  });
  const shapes = [...parameterShapes(network)];
  return new Map(shapes.filter(([name]) => !name.startsWith('fc')));
}

const isNorm = (name: string) => name.startsWith('bn');
const hasNorm = ({ tensors }: Naming) => [...tensors.keys()].some(isNorm);

/** Whether all tensors of a backbone are there, and no other convolutions. */
function hasBackbone(naming: Naming, backbone: BackboneName, withoutNorm: boolean): boolean {
  const expected = [...backboneShapes(backbone)].filter(([name]) => !withoutNorm || !isNorm(name));
  const found = [...naming.tensors.keys()].filter((name) => !name.startsWith('fc'));
  if (found.length !== expected.length) return false;
  return expected.every(([name, shape]) => {
    const tensor = naming.tensors.get(name);
    return tensor !== undefined && sameShape(tensor.shape, shape);
  });
}

/** All convolutions are 3x3, and the first takes three channels. */
function isVgg({ tensors }: Naming): boolean {
  const kernels = [...tensors].filter(([name]) => /^conv.*weight$/.test(name));
  const square = kernels.every(([, { shape }]) => shape[2] === 3 && shape[3] === 3);
  return square && kernels.length > 0 && tensors.get('conv1_1.weight')?.shape[1] === 3;
}

function preprocessingOf(naming: NamedFile, file: TensorFile): Preprocessing | undefined {
  const own = file.metadata.preprocessing;
  if (own !== undefined) return parsePreprocessing(own, file.where);
  if (naming.preprocessing !== undefined) return naming.preprocessing;
  if (naming.family === 'keras') return KERAS_PREPROCESSING;
  return naming.family === 'vggtune' ? undefined : TORCHVISION_PREPROCESSING;
}

/** Names by which other networks are known; the first that fits any tensor. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)layer[1-4]\.\d+\.conv\d|conv\d_block\d+_/, 'a ResNet'],
  [/denseblock|dense_block/, 'a DenseNet'],
  [/Mixed_\d|mixed\d/, 'an Inception network'],
  [/features\.\d+\.\d+\.block|blocks\.\d+\.\d+\.se\./, 'an EfficientNet'],
  [/features\.\d+\.conv\.|block_\d+_expand|features\.\d+\.0\.weight/, 'a MobileNet'],
  [/attn|attention|encoder_layer/, 'a vision transformer'],
  [/stages\.\d+|dwconv/, 'a ConvNeXt'],
  [/^features\.0\.weight$/, 'an AlexNet or another network with large kernels'],
];

function changedVgg({ where }: TensorFile, foreign: string): Error {
  return dataError(`${where} holds another network than a VGG`, {
    expected: 'the convolutions of a VGG, with batch norms or without, and nothing else among them',
    found: foreign,
    where,
    fix: 'name a file of a VGG without that: its convolutions alone would compute something else',
  });
}

/** Names of weights that are computed from several tensors, and how PyTorch makes one of them. */
const COMPUTED: readonly (readonly [RegExp, string])[] = [
  [/\.weight_mask$/, "torch.nn.utils.prune.remove(module, 'weight')"],
  [/\.parametrizations\./, "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight')"],
  [/\.weight_[gv]$/, 'torch.nn.utils.remove_weight_norm(module)'],
  [/\.weight_orig$/, 'torch.nn.utils.remove_spectral_norm(module)'],
];

/** What is told of a file that is no VGG for a reason of its own. */
function ownReason(shapes: ReadonlyMap<string, Shape>): { found: string; fix: string } | undefined {
  for (const [pattern, call] of COMPUTED) {
    const name = [...shapes.keys()].find((key) => pattern.test(key));
    if (name === undefined) continue;
    return {
      found: `weights that are computed from several tensors, such as "${name}"`,
      fix: `make each one of them with ${call}, and save the state dict again`,
    };
  }
  const [first] = [...shapes].filter(([, shape]) => shape.length === 4);
  const [, [, inputs = 3, height, width] = []] = first ?? [];
  if (inputs === 3 || inputs > 4 || height !== 3 || width !== 3) return undefined;
  return {
    found: `a network of images with ${inputs} channel${inputs === 1 ? '' : 's'}: "${first?.[0]}" ${first?.[1].join(' x ')}`,
    fix: 'name a file of a network of colour images, which have three',
  };
}

function notVgg(file: TensorFile, shapes: ReadonlyMap<string, Shape>): Error {
  const names = [...shapes.keys()];
  const own = ownReason(shapes);
  if (own !== undefined) {
    const expected = 'the weights of a VGG of colour images';
    return dataError(`${file.where} holds no VGG`, { ...own, expected, where: file.where });
  }
  const other = OTHERS.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  const some = names.slice(0, 4).join(', ');
  return dataError(`${file.where} holds no VGG`, {
    expected: 'the weights of a VGG, in the names of torchvision, timm, Keras or vggtune',
    found: `${other === undefined ? 'an unknown network' : `what looks like ${other}`}: ${names.length} tensors (${some}, ...)`,
    where: file.where,
    fix: 'name a file with VGG weights; `vggtune weights list` shows the published ones',
  });
}
