import type { NamedTensors } from '../base/tensor.ts';
import type { MapLayer } from '../network/dense-to-conv.ts';
import { tensorOf } from '../network/fold-batch-norm.ts';
import { poolingMatrix, poolingMatrixTransposed } from '../network/pooling.ts';
import { affinePreprocessing } from '../network/preprocessing.ts';
import type { Layer, Level, Preprocessing } from '../network/spec.ts';
import type { OnnxBuilder } from './onnx-builder.ts';

/** The side of an image in a model: a number, or the names of open sizes. */
export type ImageSides = number | readonly [height: string, width: string];

/** uint8 RGB pixels [batch, height, width, 3] to the network's input: order, scale, mean, deviation. */
export function addPixels(b: OnnxBuilder, preprocessing: Preprocessing, sides: ImageSides): string {
  const [height, width] = typeof sides === 'number' ? [sides, sides] : sides;
  const image = b.input({ name: 'image', type: 'uint8', shape: ['batch', height, width, 3] });
  // Transposed as bytes: a quarter of the memory traffic.
  const planes = b.node('Transpose', [image], {
    to: 'planes',
    attributes: { perm: { ints: [0, 3, 1, 2] } },
  });
  const ordered = preprocessing.channels === 'rgb' ? planes : reversed(b, planes);
  const floats = b.node('Cast', [ordered], { to: 'floats', attributes: { to: { int: 1 } } });
  const { factor, shift } = affinePreprocessing(preprocessing);
  const perChannel = (name: string, values: readonly number[]) =>
    b.constant(name, 'float32', { shape: [1, 3, 1, 1], data: Float32Array.from(values) });
  const scaled = b.node('Mul', [floats, perChannel('scale', factor)], { to: 'scaled' });
  return b.node('Add', [scaled, perChannel('shift', shift)], { to: 'normalised' });
}

function reversed(b: OnnxBuilder, planes: string): string {
  const order = b.constant('bgr', 'int64', { shape: [3], data: BigInt64Array.from([2n, 1n, 0n]) });
  return b.node('Gather', [planes, order], { to: 'ordered', attributes: { axis: { int: 1 } } });
}

/** The normalised image as the input itself: float32 [batch, 3, size, size]. */
export function addNormalised(b: OnnxBuilder, size: number): string {
  return b.input({ name: 'normalised', type: 'float32', shape: ['batch', 3, size, size] });
}

/** One layer in inference mode; `side` is that of its input map. */
export function addLayer(
  b: OnnxBuilder,
  x: string,
  { layer, weights, side }: { layer: Layer; weights: NamedTensors; side: number },
): string {
  const to = layer.name;
  const constant = (suffix: string) => addTensor(b, weights, `${to}.${suffix}`);
  switch (layer.kind) {
    case 'conv': {
      const inputs = [x, constant('weight'), constant('bias')];
      return b.node('Conv', inputs, { to, attributes: same(layer.kernel) });
    }
    case 'batchnorm': {
      const names = ['weight', 'bias', 'running_mean', 'running_var'];
      const attributes = { epsilon: { float: layer.epsilon } };
      return b.node('BatchNormalization', [x, ...names.map(constant)], { to, attributes });
    }
    case 'relu':
      return b.node('Relu', [x], { to });
    case 'maxpool':
      return b.node('MaxPool', [x], { to, attributes: window(layer.size, layer.size) });
    case 'avgpool':
      return addAdaptivePool(b, x, { to, side, size: layer.size });
    case 'gap': {
      const average = b.node('GlobalAveragePool', [x], { to: `${to}.map` });
      return b.node('Flatten', [average], { to });
    }
    case 'levels':
      return addLevels(b, to, layer.sources);
    case 'flatten':
      return b.node('Flatten', [x], { to });
    case 'dense': {
      const inputs = [x, constant('weight'), constant('bias')];
      return b.node('Gemm', inputs, { to, attributes: { transB: { int: 1 } } });
    }
    case 'dropout':
      return x;
  }
}

/** The nodes of the layers that it reads have the layers' names. */
function addLevels(b: OnnxBuilder, to: string, sources: readonly Level[]): string {
  const means = sources.map(({ layer }) =>
    b.node('GlobalAveragePool', [layer], { to: `${to}.${layer}` }),
  );
  return b.node('Concat', means, { to, attributes: { axis: { int: 1 } } });
}

/** One layer of a fully convolutional head. */
export function addMapLayer(
  b: OnnxBuilder,
  x: string,
  { layer, weights }: { layer: MapLayer; weights: NamedTensors },
): string {
  const to = layer.name;
  switch (layer.kind) {
    case 'conv': {
      const inputs = [
        x,
        addTensor(b, weights, `${to}.weight`),
        addTensor(b, weights, `${to}.bias`),
      ];
      const attributes = { kernel_shape: { ints: [layer.kernel, layer.kernel] } };
      return b.node('Conv', inputs, { to, attributes });
    }
    case 'relu':
      return b.node('Relu', [x], { to });
    case 'levels': {
      const maps = layer.sources.map(({ layer: from, stride }) => {
        if (stride === 1) return from;
        const attributes = window(stride, stride);
        return b.node('AveragePool', [from], { to: `${to}.${from}`, attributes });
      });
      return b.node('Concat', maps, { to, attributes: { axis: { int: 1 } } });
    }
    case 'average':
      return b.node('AveragePool', [x], { to, attributes: window(layer.size, 1) });
  }
}

export function addSoftmax(b: OnnxBuilder, logits: string, classes: number): void {
  b.node('Softmax', [logits], { to: 'probabilities', attributes: { axis: { int: 1 } } });
  b.output({ name: 'probabilities', type: 'float32', shape: ['batch', classes] });
}

function addTensor(b: OnnxBuilder, weights: NamedTensors, name: string): string {
  return b.constant(name, 'float32', tensorOf(weights, name));
}

export function same(kernel: number) {
  const pad = (kernel - 1) / 2;
  return { kernel_shape: { ints: [kernel, kernel] }, pads: { ints: [pad, pad, pad, pad] } };
}

export function window(size: number, stride: number) {
  return { kernel_shape: { ints: [size, size] }, strides: { ints: [stride, stride] } };
}

interface AdaptivePool {
  readonly to: string;
  readonly side: number;
  readonly size: number;
}

/** Plain pooling where the windows are alike, else a matrix on either side: P x P'. */
function addAdaptivePool(b: OnnxBuilder, x: string, { to, side, size }: AdaptivePool): string {
  const step = side / size;
  if (Number.isInteger(step))
    return b.node('AveragePool', [x], { to, attributes: window(step, step) });
  const [rows, columns] = [poolingMatrix(side, size), poolingMatrixTransposed(side, size)];
  const left = b.constant(`${to}.rows`, 'float32', { shape: [size, side], data: rows });
  const right = b.constant(`${to}.columns`, 'float32', { shape: [side, size], data: columns });
  const half = b.node('MatMul', [left, x], { to: `${to}.half` });
  return b.node('MatMul', [half, right], { to });
}
