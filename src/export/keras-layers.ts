import { type Shape, sizeOf, type Tensor } from '../base/tensor.ts';
import { boundaryBehind } from '../network/boundary.ts';
import { tensorOf } from '../network/fold-batch-norm.ts';
import { poolingMatrixTransposed } from '../network/pooling.ts';
import { affinePreprocessing } from '../network/preprocessing.ts';
import type { Layer, NetworkSpec } from '../network/spec.ts';
import type { ExportModel } from './model.ts';

/** A layer of a Keras model, which TensorFlow.js reads too. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  /** The layers whose outputs it takes, where that is not the one before it. */
  readonly inputs?: readonly string[];
  /** In Keras's spelling, without `name`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** In the order in which Keras's layer holds them. */
  readonly weights: readonly KerasWeight[];
}

export interface KerasWeight {
  /** `kernel`, `bias`, `gamma`, `beta`, `moving_mean`, `moving_variance`. */
  readonly name: string;
  readonly shape: Shape;
  /** Creates the data on demand. */
  readonly data: () => Float32Array;
  /** The canonical tensor that it holds; undefined for a constant of the model's own. */
  readonly from?: string;
  /** How the canonical tensor's axes became the weight's; undefined where they are the same. */
  readonly order?: AxisOrder;
}

/**
 * A network as layers of Keras: pixels float32 RGB 0-255 [N, size, size, 3] in, probabilities out.
 * The preprocessing is a 1x1 convolution (channel order, scale, mean and deviation in one), because
 * it is the one layer that does it exactly in every version of Keras and in TensorFlow.js.
 */
export function kerasLayers(model: ExportModel): KerasLayer[] {
  const { network } = model;
  const rows = network.layers.flatMap((layer, index) => layerRows(model, layer, index));
  return [preprocessingLayer(network), ...rows, activation('probabilities', 'softmax')];
}

function preprocessingLayer({ preprocessing }: NetworkSpec): KerasLayer {
  const { factor, shift } = affinePreprocessing(preprocessing);
  const kernel = new Float32Array(9);
  factor.forEach((value, output) => {
    const input = preprocessing.channels === 'rgb' ? output : 2 - output;
    kernel[input * 3 + output] = value;
  });
  return {
    className: 'Conv2D',
    name: 'preprocessing',
    config: { ...convolution(3, 1), trainable: false },
    weights: [
      { name: 'kernel', shape: [1, 1, 3, 3], data: () => kernel },
      { name: 'bias', shape: [3], data: () => Float32Array.from(shift) },
    ],
  };
}

function layerRows(model: ExportModel, layer: Layer, index: number): KerasLayer[] {
  const { name } = layer;
  const before = model.network.shapes[index - 1] ?? [];
  switch (layer.kind) {
    case 'conv': {
      const weights = kernelAndBias(model, layer);
      const config = convolution(layer.outChannels, layer.kernel);
      return [{ className: 'Conv2D', name, config, weights }];
    }
    case 'dense': {
      const weights = kernelAndBias(model, layer);
      return [{ className: 'Dense', name, config: dense(layer.outputs), weights }];
    }
    case 'batchnorm':
      return [batchNorm(model, layer)];
    case 'relu':
      return [activation(name, 'relu')];
    case 'maxpool':
      return [pooling('MaxPooling2D', name, layer.size)];
    case 'avgpool':
      return adaptivePool(name, before[1] ?? layer.size, layer.size);
    case 'gap':
      return [{ className: 'GlobalAveragePooling2D', name, config: CHANNELS_LAST, weights: [] }];
    case 'levels':
      return levels(model.network, layer);
    case 'flatten':
      return [{ className: 'Flatten', name, config: CHANNELS_LAST, weights: [] }];
    case 'dropout':
      return [{ className: 'Dropout', name, config: { rate: layer.rate }, weights: [] }];
  }
}

/** Averages over whole maps; they keep their axes for the batch norm that follows. */
function levels(
  network: NetworkSpec,
  { name, sources }: Extract<Layer, { kind: 'levels' }>,
): KerasLayer[] {
  const means = sources.map(({ layer }): KerasLayer => {
    const [, side = 1] = network.shapes[boundaryBehind(network, layer) - 1] ?? [];
    return { ...pooling('AveragePooling2D', `${name}_${layer}`, side), inputs: [layer] };
  });
  const inputs = means.map((mean) => mean.name);
  return [...means, { className: 'Concatenate', name, config: { axis: -1 }, weights: [], inputs }];
}

const CHANNELS_LAST = { data_format: 'channels_last' };

function convolution(filters: number, kernel: number): Record<string, unknown> {
  return {
    filters,
    kernel_size: [kernel, kernel],
    strides: [1, 1],
    padding: 'same',
    ...CHANNELS_LAST,
    dilation_rate: [1, 1],
    activation: 'linear',
    use_bias: true,
  };
}

const dense = (units: number) => ({ units, activation: 'linear', use_bias: true });

const activation = (name: string, kind: string): KerasLayer => ({
  className: 'Activation',
  name,
  config: { activation: kind },
  weights: [],
});

function pooling(className: string, name: string, size: number): KerasLayer {
  const window = { pool_size: [size, size], strides: [size, size] };
  return {
    className,
    name,
    config: { ...window, padding: 'valid', ...CHANNELS_LAST },
    weights: [],
  };
}

function kernelAndBias(
  { network, weights }: ExportModel,
  layer: Layer & { kind: 'conv' | 'dense' },
): KerasWeight[] {
  const kernel = tensorOf(weights, `${layer.name}.weight`);
  const bias = tensorOf(weights, `${layer.name}.bias`);
  const map = layer.kind === 'dense' ? flattened(network, layer) : undefined;
  const order = kernelOrder(kernel, map);
  return [
    {
      name: 'kernel',
      shape: order.shape,
      data: () => permuted(kernel.data, order),
      from: `${layer.name}.weight`,
      order,
    },
    { name: 'bias', shape: bias.shape, data: () => bias.data, from: `${layer.name}.bias` },
  ];
}

/** The map [C, H, W] that a dense layer takes flattened, if it does. */
function flattened(network: NetworkSpec, layer: Layer): Shape | undefined {
  const index = network.layers.indexOf(layer);
  const isFirst = network.layers[index - 1]?.kind === 'flatten';
  return isFirst ? network.shapes[index - 2] : undefined;
}

/** Axes of the canonical tensor (as `view`) in the order in which Keras has them. */
export interface AxisOrder {
  readonly view: Shape;
  readonly axes: readonly number[];
  /** What Keras calls the result's shape. */
  readonly shape: Shape;
}

/** OIHW to HWIO; [out, in] to [in, out]; and [out, C * H * W] to [H * W * C, out]. */
export function kernelOrder({ shape }: Tensor, map: Shape | undefined): AxisOrder {
  const [outputs = 0, inputs = 0, height = 1, width = 1] = shape;
  if (shape.length === 4) {
    return { view: shape, axes: [2, 3, 1, 0], shape: [height, width, inputs, outputs] };
  }
  if (map === undefined || map.length !== 3) {
    return { view: shape, axes: [1, 0], shape: [inputs, outputs] };
  }
  return { view: [outputs, ...map], axes: [2, 3, 1, 0], shape: [inputs, outputs] };
}

/** The elements of a tensor with its axes in another order. */
export function permuted(
  data: Float32Array,
  { view, axes }: Pick<AxisOrder, 'view' | 'axes'>,
): Float32Array {
  const strides = view.map((_, axis) => sizeOf(view.slice(axis + 1)));
  const sizes = axes.map((axis) => view[axis] ?? 1);
  const steps = axes.map((axis) => strides[axis] ?? 1);
  const out = new Float32Array(data.length);
  const [inner = 1, step = 1] = [sizes.at(-1), steps.at(-1)];
  const counter = new Array<number>(sizes.length - 1).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to += inner) {
    for (let i = 0; i < inner; i++) out[to + i] = data[from + i * step] ?? 0;
    for (let axis = counter.length - 1; axis >= 0; axis--) {
      const count = (counter[axis] ?? 0) + 1;
      from += steps[axis] ?? 0;
      counter[axis] = count;
      if (count < (sizes[axis] ?? 1)) break;
      from -= count * (steps[axis] ?? 0);
      counter[axis] = 0;
    }
  }
  return out;
}

/** Restores the canonical tensor's elements from the weight's. */
export function unpermuted(data: Float32Array, order: AxisOrder | undefined): Float32Array {
  if (order === undefined) return data;
  const view = order.axes.map((axis) => order.view[axis] ?? 1);
  const axes = order.axes.map((_, axis) => order.axes.indexOf(axis));
  return permuted(data, { view, axes });
}

function batchNorm(
  { weights }: ExportModel,
  layer: Extract<Layer, { kind: 'batchnorm' }>,
): KerasLayer {
  const parts = [
    ['gamma', 'weight'],
    ['beta', 'bias'],
    ['moving_mean', 'running_mean'],
    ['moving_variance', 'running_var'],
  ] as const;
  return {
    className: 'BatchNormalization',
    name: layer.name,
    // Keras's momentum is the share that stays.
    config: { axis: -1, epsilon: layer.epsilon, momentum: 1 - layer.momentum },
    weights: parts.map(([name, suffix]) => {
      const from = `${layer.name}.${suffix}`;
      const { shape, data } = tensorOf(weights, from);
      return { name, shape, data: () => data, from };
    }),
  };
}

/**
 * Adaptive average pooling. Where the windows are all alike it is plain pooling; elsewhere it is a
 * matrix on either axis, which a dense layer without bias applies to the last one.
 */
function adaptivePool(name: string, side: number, size: number): KerasLayer[] {
  if (side === size) return [];
  if (side % size === 0) return [pooling('AveragePooling2D', name, side / size)];
  const permute = (suffix: string, dims: readonly number[]): KerasLayer => ({
    className: 'Permute',
    name: `${name}_${suffix}`,
    config: { dims },
    weights: [],
  });
  const average = (suffix: string): KerasLayer => ({
    className: 'Dense',
    name: `${name}_${suffix}`,
    config: { ...dense(size), use_bias: false, trainable: false },
    weights: [
      {
        name: 'kernel',
        shape: [side, size],
        data: () => poolingMatrixTransposed(side, size),
      },
    ],
  });
  // [H, W, C] to [C, H, W], then [C, H, w] to [C, w, H], then [C, w, h] to [h, w, C].
  return [
    permute('to_columns', [3, 1, 2]),
    average('columns'),
    permute('to_rows', [1, 3, 2]),
    average('rows'),
    permute('back', [3, 2, 1]),
  ];
}
