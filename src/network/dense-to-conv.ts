import { usageError } from '../base/errors.ts';
import { type NamedTensors, type Shape, sizeOf, type Tensor } from '../base/tensor.ts';
import { boundaryBehind } from './boundary.ts';
import { inferenceNorm, tensorOf } from './fold-batch-norm.ts';
import { poolingWindows } from './pooling.ts';
import type { Layer, LayerKind, NetworkSpec } from './spec.ts';

/** A layer of a head that acts on a map of any size; nothing is padded. */
export type MapLayer =
  | {
      readonly kind: 'conv';
      readonly name: string;
      readonly inChannels: number;
      readonly outChannels: number;
      readonly kernel: number;
    }
  | { readonly kind: 'relu'; readonly name: string }
  /**
   * Averages each source over its `stride` x `stride` cells, down to the last map, and concatenates the
   * results.
   */
  | {
      readonly kind: 'levels';
      readonly name: string;
      readonly sources: readonly { readonly layer: string; readonly stride: number }[];
    }
  /** Average over every size x size window, stride 1. */
  | { readonly kind: 'average'; readonly name: string; readonly size: number };

/**
 * The fully convolutional form of a network (Simonyan and Zisserman 2014, section 3.2): the head
 * acts on every window of the last map and gives a map of class scores; their average over the map
 * is the answer. An image of the training size has one answer for all windows: the network's own.
 */
export interface DenseForm {
  /** The backbone's layers, unchanged. */
  readonly backbone: readonly Layer[];
  readonly head: readonly MapLayer[];
  /** The backbone's tensors as they are, the head's as kernels OIHW. */
  readonly weights: NamedTensors;
  /** Side of the window that one score sees, in cells of the last map. */
  readonly window: number;
  /** Pixels of the image between two cells. */
  readonly stride: number;
  /** Side of the smallest image, in pixels. */
  readonly smallest: number;
  /** A description of the conversion, for people. */
  readonly method: string;
}

/**
 * Heads by kind:
 * - `vgg`: fc6 becomes a convolution as large as the map it was trained on, fc7 and fc8 1x1 ones.
 *   An adaptive average pool before it is linear and goes into fc6's kernel.
 * - `linear` has no dense layer over space: averaging and then a dense layer is, by linearity, a 1x1
 *   convolution at every cell and then the average.
 * - `mlp` has none either, but a ReLU between its layers, which does not commute with the average:
 *   every window of the trained size is averaged, then its dense layers are 1x1 convolutions.
 * - `levels` is as `linear`: each pool is averaged down to the cells of the last one, the batch norm
 *   goes into the 1x1 convolution. Image sizes at which a pool drops a row have no such form.
 *
 * @throws VggtuneError (usage) where there is none
 */
export function denseForm(network: NetworkSpec, weights: NamedTensors): DenseForm {
  const map = network.shapes[network.headStart - 1] ?? [];
  const side = map[1] ?? 1;
  const layers = network.layers.slice(network.headStart);
  const stride = strideOf(network.layers);
  const context = { network, layers, weights, side, channels: map[0] ?? 0 };
  const form = formOf(network.head, context);
  const window = denseWindow(network);
  return {
    backbone: network.layers.slice(0, network.headStart),
    ...form,
    weights: new Map([...weights, ...form.weights]),
    window,
    stride,
    smallest: window * stride,
  };
}

/**
 * Side of the window of the last map that one score of the fully convolutional form sees: the trained map where dense
 * layers or a ReLU come after all of it, and one cell where the output layer is all that follows an average.
 */
export function denseWindow({ layers, shapes, headStart }: NetworkSpec): number {
  const head = layers.slice(headStart);
  const isLinear = head.filter(({ kind }) => kind === 'dense').length === 1;
  const isPooled = head.some(({ kind }) => kind === 'gap' || kind === 'levels');
  return isLinear && isPooled ? 1 : (shapes[headStart - 1]?.[1] ?? 1);
}

/** The product of the strides of some layers. */
export function strideOf(layers: readonly Layer[]): number {
  return layers.reduce((stride, layer) => stride * (layer.kind === 'maxpool' ? layer.size : 1), 1);
}

interface HeadContext {
  readonly network: NetworkSpec;
  readonly layers: readonly Layer[];
  readonly weights: NamedTensors;
  /** The side of the map that the head was trained on. */
  readonly side: number;
  readonly channels: number;
}

type HeadForm = Pick<DenseForm, 'head' | 'weights' | 'method'>;

function formOf(head: string, context: HeadContext): HeadForm {
  const { side } = context;
  const levels = context.layers.find((layer) => layer.kind === 'levels');
  if (levels?.kind === 'levels') return levelsForm(levels, context);
  if (context.layers.some(({ kind }) => kind === 'flatten')) {
    const method = `fc6 is a ${side}x${side} convolution, fc7 and fc8 are 1x1 convolutions`;
    return { ...pointwise(context, firstKernel(context)), method };
  }
  if (context.layers.filter(({ kind }) => kind === 'dense').length === 1) {
    const method = `the head "${head}" has no dense layer over space: its output layer is a 1x1 convolution at every cell, and the scores are averaged, which is the same by linearity`;
    return { ...pointwise(context), method };
  }
  const { head: convolutions, weights } = pointwise(context);
  const average: MapLayer = { kind: 'average', name: 'average', size: side };
  const method = `the head "${head}" has no dense layer over space: each ${side}x${side} window of the map is averaged, and its dense layers are 1x1 convolutions on that`;
  return { head: [average, ...convolutions], weights, method };
}

function levelsForm(
  { name, sources }: Extract<Layer, { kind: 'levels' }>,
  context: HeadContext,
): HeadForm {
  const { network, side } = context;
  const strided = sources.map(({ layer }) => {
    const behind = boundaryBehind(network, layer);
    const [, cells = 1] = network.shapes[behind - 1] ?? [];
    const stride = strideOf(network.layers.slice(behind));
    if (cells !== side * stride) throw cutOff(network);
    return { layer, stride };
  });
  const { head, weights } = pointwise({ ...context, weights: withoutNorm(context) });
  const method =
    'the head "levels" has no dense layer over space: its output layer is a 1x1 convolution over the pools, averaged down to the cells of the last one, and the scores are averaged, which is the same by linearity';
  return {
    head: [{ kind: 'levels', name, sources: strided }, ...head],
    weights,
    method,
  };
}

/** The rows that a later pool drops: the head averages over them, and the cells of the last map cannot. */
function cutOff({ layers, preprocessing }: NetworkSpec): Error {
  const stride = strideOf(layers);
  return usageError('the head "levels" has no fully convolutional form for this image size', {
    expected: `a size that is a multiple of ${stride}, so that no pool drops a row`,
    found: String(preprocessing.size),
    where: 'image.size',
    fix: `train with --size ${Math.ceil(preprocessing.size / stride) * stride}, or with --head linear`,
  });
}

/** The batch norm before the output layer as a part of it: W (s (x - mean) + shift) + b. */
function withoutNorm({ layers, weights }: HeadContext): NamedTensors {
  const norm = layers.find((layer) => layer.kind === 'batchnorm');
  const dense = layers.find((layer) => layer.kind === 'dense');
  if (norm?.kind !== 'batchnorm' || dense?.kind !== 'dense') return weights;
  const { factor, mean, shift } = inferenceNorm(weights, norm);
  const kernel = tensorOf(weights, `${dense.name}.weight`);
  const bias = tensorOf(weights, `${dense.name}.bias`);
  const { inputs } = dense;
  const added = Array.from(bias.data, (value, output) =>
    factor.reduce(
      (sum, s, i) =>
        sum + (kernel.data[output * inputs + i] ?? 0) * ((shift[i] ?? 0) - s * (mean[i] ?? 0)),
      value,
    ),
  );
  return new Map(weights)
    .set(`${dense.name}.weight`, {
      shape: kernel.shape,
      data: kernel.data.map((w, i) => w * (factor[i % inputs] ?? 1)),
    })
    .set(`${dense.name}.bias`, { shape: bias.shape, data: Float32Array.from(added) });
}

/** What becomes of the layers of a head on a map: pools, norms and flattening are done before, by `formOf`. */
const POINTWISE = {
  dense: 'convolution',
  relu: 'kept',
  dropout: 'dropped',
  gap: 'done before',
  avgpool: 'done before',
  levels: 'done before',
  flatten: 'done before',
  batchnorm: 'done before',
  conv: 'refused',
  maxpool: 'refused',
} as const satisfies Record<LayerKind, string>;

/** Dense layers as 1x1 convolutions, or the first one with a kernel of its own. */
function pointwise(
  { layers, weights }: HeadContext,
  first?: Tensor,
): { head: MapLayer[]; weights: NamedTensors } {
  const head: MapLayer[] = [];
  const kernels = new Map<string, Tensor>();
  for (const layer of layers) {
    if (POINTWISE[layer.kind] === 'refused') throw new Error(`a head with a ${layer.kind}`);
    if (layer.kind === 'relu') head.push(layer);
    if (layer.kind !== 'dense') continue;
    const name = `${layer.name}.weight`;
    const { data } = tensorOf(weights, name);
    const flat: Tensor = { shape: [layer.outputs, layer.inputs, 1, 1], data };
    const kernel = head.length === 0 && first !== undefined ? first : flat;
    const [outChannels = 0, inChannels = 0, size = 1] = kernel.shape;
    kernels.set(name, kernel).set(`${layer.name}.bias`, tensorOf(weights, `${layer.name}.bias`));
    head.push({ kind: 'conv', name: layer.name, inChannels, outChannels, kernel: size });
  }
  return { head, weights: kernels };
}

/** fc6 [out, C * M * M] as a kernel [out, C, S, S] over the map of side S before the pool to M. */
function firstKernel({ layers, weights, side, channels }: HeadContext): Tensor {
  const dense = layers.find((layer) => layer.kind === 'dense');
  const pooled = layers.find((layer) => layer.kind === 'avgpool')?.size ?? side;
  const { data } = tensorOf(weights, `${dense?.name}.weight`);
  const outputs = dense?.kind === 'dense' ? dense.outputs : 0;
  const shape: Shape = [outputs, channels, side, side];
  return pooled === side ? { shape, data } : { shape, data: unpool(data, { shape, pooled }) };
}

/** The kernel that gives the same sums on the map as the pooled one gives on its averages. */
function unpool(data: Float32Array, { shape, pooled }: { shape: Shape; pooled: number }) {
  const [outputs = 0, channels = 0, side = 0] = shape;
  const cells = poolingWindows(side, pooled);
  const kernel = new Float64Array(sizeOf(shape));
  for (let plane = 0; plane < outputs * channels; plane++) {
    for (const [i, rows] of cells.entries()) {
      for (const [j, columns] of cells.entries()) {
        const weight = data[(plane * pooled + i) * pooled + j] ?? 0;
        const share = weight / ((rows.end - rows.start) * (columns.end - columns.start));
        for (let y = rows.start; y < rows.end; y++) {
          const row = (plane * side + y) * side;
          for (let x = columns.start; x < columns.end; x++) {
            kernel[row + x] = (kernel[row + x] ?? 0) + share;
          }
        }
      }
    }
  }
  return Float32Array.from(kernel);
}
