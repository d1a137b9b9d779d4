import { dataError } from '../base/errors.ts';
import {
  type NamedTensors,
  type Shape,
  sameShape,
  sizeOf,
  type Tensor,
  zeros,
} from '../base/tensor.ts';
import type { TensorFile } from '../formats/tensor-file.ts';
import { HEAD_NORM } from '../network/head.ts';
import { layerParameters, parameterShapes } from '../network/parameters.ts';
import type { NetworkSpec, Preprocessing } from '../network/spec.ts';
import { swapChannels, swapPreprocessing, toCanonical } from './layout.ts';
import { type Recognised, structureOf } from './recognise.ts';
import type { SourceTensor } from './source-tensor.ts';

export interface ReadOptions {
  /** Take the output layer too; it must then have the network's classes. Else it is left out. */
  readonly keepHead: boolean;
  /** How a file with BGR input is converted: `rgb` swaps the channels of its first convolution. */
  readonly channels: 'rgb' | 'keep';
}

export interface ReadWeights {
  /** The whole backbone, and the layers of the head that fit. */
  readonly weights: NamedTensors;
  /** The preprocessing; undefined when the file does not state it. */
  readonly preprocessing: Preprocessing | undefined;
}

/**
 * Reads what a network needs of a file, one tensor at a time, in canonical layout.
 * @throws VggtuneError (data) when the file holds another network: says which
 */
export async function readWeights(
  file: TensorFile,
  found: Recognised,
  request: { readonly network: NetworkSpec; readonly options: ReadOptions },
): Promise<ReadWeights> {
  const { network, options } = request;
  const wanted = wantedTensors(file, found, request);
  const weights = new Map<string, Tensor>();
  for (const name of wanted) {
    const source = found.tensors.get(name);
    if (source === undefined) continue;
    weights.set(name, await readTensor(file, source, channelsOf(network)));
  }
  if (found.folded) for (const [name, tensor] of identityNorms(network)) weights.set(name, tensor);
  const { preprocessing } = found;
  const first = weights.get('conv1_1.weight');
  if (preprocessing?.channels !== 'bgr' || options.channels === 'keep' || first === undefined) {
    return { weights, preprocessing };
  }
  weights.set('conv1_1.weight', swapChannels(first));
  return { weights, preprocessing: swapPreprocessing(preprocessing) };
}

async function readTensor(
  file: TensorFile,
  source: SourceTensor,
  channels: number,
): Promise<Tensor> {
  if (source.layout === 'zeros') return zeros(source.shape);
  const tensor = await file.read(source.name);
  expectWhole(file, source, tensor);
  expectFinite(file, source.name, tensor);
  return toCanonical(tensor, source, channels);
}

/** A graph may say another shape of a tensor than it has. */
function expectWhole(file: TensorFile, { name, shape }: SourceTensor, { data }: Tensor): void {
  if (data.length === sizeOf(shape)) return;
  throw dataError(`tensor "${name}" of ${file.where} has another size than its layer`, {
    expected: `[${shape}]`,
    found: `${data.length} numbers`,
    where: file.where,
    fix: 'export or save the weights again',
  });
}

/** A loop: a callback would make an object of each of a hundred million numbers. */
function firstNotFinite(data: Float32Array): number {
  for (let at = 0; at < data.length; at++) if (!Number.isFinite(data[at])) return at;
  return -1;
}

/** One number that is none makes all activations behind it so, and no learning rate mends that. */
function expectFinite(file: TensorFile, name: string, { data }: Tensor): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  const count = data.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  throw dataError(`tensor "${name}" of ${file.where} holds numbers that are not finite`, {
    expected: 'finite weights',
    found: `${count} of ${data.length} are ${data[at]} or the like, the first at ${at}`,
    where: `${file.where}, tensor "${name}"`,
    fix: 'the training that wrote it had diverged, or the layer was never filled: name another checkpoint',
  });
}

/** The names to read; every backbone tensor must be there, and of the right shape. */
function wantedTensors(
  file: TensorFile,
  found: Recognised,
  { network, options }: { network: NetworkSpec; options: ReadOptions },
): string[] {
  const fits = (name: string, shape: Shape) => {
    const tensor = found.tensors.get(name);
    return tensor !== undefined && sameShape(tensor.shape, shape);
  };
  const backbone = network.layers.slice(0, network.headStart).flatMap(layerParameters);
  const needed = backbone.filter(({ name }) => !(found.folded && name.startsWith('bn')));
  const bad = needed.find(({ name, shape }) => !fits(name, shape));
  if (bad !== undefined || (network.backbone !== found.backbone && hasMoreLayers(found, network))) {
    throw anotherNetwork(file, found, { network, bad });
  }
  const head = network.layers.slice(network.headStart);
  const output = head.at(-1)?.name;
  if (options.keepHead) expectHead(file, found, network);
  const kept = head.filter(
    (layer) =>
      (options.keepHead || (layer.name !== output && layer.name !== HEAD_NORM)) &&
      layerParameters(layer).every(({ name, shape }) => fits(name, shape)),
  );
  return [...needed, ...kept.flatMap(layerParameters)].map(({ name }) => name);
}

/**
 * Whether the file has more layers: VGG19's first convolutions have the names of VGG16's, so that surplus
 * tensors count as well.
 */
function hasMoreLayers(found: Recognised, network: NetworkSpec): boolean {
  const known = parameterShapes(network);
  const names = [...found.tensors.keys()];
  return names.some((name) => !name.startsWith('fc') && !known.has(name));
}

function expectHead(file: TensorFile, found: Recognised, network: NetworkSpec): void {
  const head = network.layers.slice(network.headStart).flatMap(layerParameters);
  const bad = head.find(({ name, shape }) => {
    const tensor = found.tensors.get(name);
    return tensor === undefined || !sameShape(tensor.shape, shape);
  });
  if (bad === undefined) return;
  const shape = found.tensors.get(bad.name)?.shape;
  const classes =
    found.classes === undefined ? '' : ` (its output layer has ${found.classes} classes)`;
  throw dataError(`the head of ${file.where} cannot be kept`, {
    expected: `${bad.name} of shape [${bad.shape}], for ${network.classes} classes and the head "${network.head}"`,
    found: `${shape === undefined ? 'none' : `shape [${shape}]`}${classes}`,
    where: file.where,
    fix: 'let the head start anew, or use the data set and the head that the file was trained with',
  });
}

function anotherNetwork(
  file: TensorFile,
  found: Recognised,
  { network, bad }: { network: NetworkSpec; bad: { name: string; shape: Shape } | undefined },
): Error {
  const looks = found.backbone ?? structureOf(found);
  const tensor = bad === undefined ? undefined : found.tensors.get(bad.name);
  const detail =
    bad === undefined
      ? ''
      : `; ${bad.name} is ${tensor === undefined ? 'missing' : `[${tensor.shape}], not [${bad.shape}]`}`;
  const fix =
    found.backbone === undefined
      ? `name a file with the weights of ${network.backbone}`
      : `use --backbone ${found.backbone}, or name a file with the weights of ${network.backbone}`;
  return dataError(`${file.where} does not hold the weights of ${network.backbone}`, {
    expected: network.backbone,
    found: `what looks like ${looks}${detail}`,
    where: file.where,
    fix,
  });
}

/** Batch norms that change nothing, for a file in which they are part of the convolutions. */
function identityNorms(network: NetworkSpec): [string, Tensor][] {
  return network.layers.slice(0, network.headStart).flatMap((layer) => {
    if (layer.kind !== 'batchnorm') return [];
    return layerParameters(layer).map(({ name, shape }): [string, Tensor] => {
      // The variance makes up for the epsilon, so that the scale is exactly one.
      const variance = 1 - layer.epsilon;
      const value = name.endsWith('.weight') ? 1 : name.endsWith('.running_var') ? variance : 0;
      return [name, { shape, data: new Float32Array(layer.channels).fill(value) }];
    });
  });
}

function channelsOf(network: NetworkSpec): number {
  return network.shapes[network.headStart - 1]?.[0] ?? 1;
}
