import type { NamedTensors, Tensor } from '../base/tensor.ts';
import type { OnnxModel } from '../formats/onnx-model.ts';
import { foldBatchNorms, tensorOf } from '../network/fold-batch-norm.ts';
import { affinePreprocessing } from '../network/preprocessing.ts';
import type { Layer, LayerKind, NetworkSpec } from '../network/spec.ts';
import { OnnxBuilder } from './onnx-builder.ts';
import { addLayer, addPixels, addSoftmax, same } from './onnx-layers.ts';

/** An 8-bit scale: value = (byte - zero) * scale. */
interface Scale {
  readonly scale: number;
  readonly zero: number;
}

/** The largest value after each ReLU, by the name of its layer; 255 stands for it. */
export type Thresholds = ReadonlyMap<string, number>;

/**
 * The network with 8-bit convolutions and hidden dense layers, as QuantizeLinear and
 * DequantizeLinear around standard operators (QDQ), which runtimes fuse into integer kernels:
 * activations unsigned with one scale, weights signed with a scale for each output, biases 32-bit.
 * Batch norms are folded first. The output layer stays float: it is small, and its errors are the
 * answer's.
 */
export function int8Model(
  network: NetworkSpec,
  weights: NamedTensors,
  options: {
    readonly thresholds: Thresholds;
    readonly metadata: Readonly<Record<string, string>>;
  },
): OnnxModel {
  const { layers } = network;
  const folded = foldBatchNorms(network, weights, { from: 0, to: layers.length, taps: [] });
  const b = new OnnxBuilder();
  const input = pixelScale(network);
  const pixels = addPixels(b, network.preprocessing, network.preprocessing.size);
  let state: State = {
    value: requantized(b, pixels, { to: 'normalised', scale: input }),
    scale: input,
  };
  layers.forEach((layer, index) => {
    if (folded.layers.has(index)) return;
    const relu = layers.slice(index + 1).find(({ kind }) => kind !== 'batchnorm');
    const side = network.shapes[index - 1]?.[1] ?? network.preprocessing.size;
    const context = {
      b,
      layer,
      relu,
      side,
      weights: folded.weights,
      thresholds: options.thresholds,
    };
    state = addQuantized(state, context);
  });
  addSoftmax(b, state.value, network.classes);
  return b.model(`${network.backbone}_int8`, options.metadata);
}

/** A value, and its scale while it is one of 256 levels. */
interface State {
  readonly value: string;
  readonly scale: Scale | undefined;
}

interface LayerContext {
  readonly b: OnnxBuilder;
  readonly layer: Layer;
  /** The layer that follows. */
  readonly relu: Layer | undefined;
  readonly side: number;
  readonly weights: NamedTensors;
  readonly thresholds: Thresholds;
}

/**
 * How a layer treats 8-bit values: `same range` layers keep their scale; `float` ones are computed in
 * float32, as are weighted ones that no ReLU follows.
 */
const ROLES = {
  conv: 'weighted',
  dense: 'weighted',
  relu: 'cut off',
  maxpool: 'same range',
  avgpool: 'same range',
  flatten: 'same range',
  dropout: 'dropped',
  gap: 'float',
  levels: 'float',
  batchnorm: 'float',
} as const satisfies Record<LayerKind, string>;

function addQuantized(state: State, context: LayerContext): State {
  const { b, layer, relu, thresholds } = context;
  const threshold = relu?.kind === 'relu' ? thresholds.get(relu.name) : undefined;
  const isWeighted = layer.kind === 'conv' || layer.kind === 'dense';
  const role = ROLES[layer.kind];
  if (isWeighted && state.scale !== undefined && threshold !== undefined) {
    const sums = addWeighted(state.value, state.scale, { ...context, layer });
    // Unsigned with zero point 0: quantizing cuts off below zero, which is the ReLU.
    const scale = { scale: threshold / 255, zero: 0 };
    return { value: requantized(b, sums, { to: layer.name, scale }), scale };
  }
  if (role === 'cut off' && state.scale !== undefined) return state;
  if (role === 'dropped') return state;
  const value = addLayer(b, state.value, context);
  const { scale } = state;
  if (role !== 'same range' || scale === undefined) return { value, scale: undefined };
  // The same scale again: runtimes see that the operator can act on bytes.
  return { value: requantized(b, value, { to: layer.name, scale }), scale };
}

/** Quantizes a value and dequantizes it again. */
function requantized(
  b: OnnxBuilder,
  x: string,
  { to, scale }: { readonly to: string; readonly scale: Scale },
): string {
  const parameters = [
    b.constant(`${to}.scale`, 'float32', { shape: [], data: Float32Array.of(scale.scale) }),
    b.constant(`${to}.zero`, 'uint8', { shape: [], data: Uint8Array.of(scale.zero) }),
  ];
  const bytes = b.node('QuantizeLinear', [x, ...parameters], { to: `${to}.bytes` });
  return b.node('DequantizeLinear', [bytes, ...parameters], { to: `${to}.values` });
}

/** A convolution or dense layer whose weights are bytes. */
function addWeighted(
  x: string,
  input: Scale,
  {
    b,
    layer,
    weights,
  }: Omit<LayerContext, 'layer'> & { layer: Layer & { kind: 'conv' | 'dense' } },
): string {
  const { name } = layer;
  const kernel = signedBytes(tensorOf(weights, `${name}.weight`));
  const scales = { shape: [kernel.scales.length], data: kernel.scales };
  const scaleName = b.constant(`${name}.weight.scale`, 'float32', scales);
  const zeros = { shape: scales.shape, data: new Int8Array(kernel.scales.length) };
  const bytes = b.constant(`${name}.weight`, 'int8', kernel);
  const zeroName = b.constant(`${name}.weight.zero`, 'int8', zeros);
  const weight = b.node('DequantizeLinear', [bytes, scaleName, zeroName], {
    to: `${name}.weight.values`,
    attributes: { axis: { int: 0 } },
  });
  const bias = addBias(b, name, {
    bias: tensorOf(weights, `${name}.bias`).data,
    scales: kernel.scales.map((scale) => scale * input.scale),
  });
  const to = `${name}.sums`;
  return layer.kind === 'conv'
    ? b.node('Conv', [x, weight, bias], { to, attributes: same(layer.kernel) })
    : b.node('Gemm', [x, weight, bias], { to, attributes: { transB: { int: 1 } } });
}

function addBias(
  b: OnnxBuilder,
  name: string,
  { bias, scales }: { readonly bias: Float32Array; readonly scales: Float32Array },
): string {
  const shape = [bias.length];
  const limit = 2 ** 31 - 1;
  const sums = Int32Array.from(bias, (value, i) =>
    Math.max(-limit, Math.min(limit, Math.round(value / (scales[i] ?? 1)))),
  );
  const inputs = [
    b.constant(`${name}.bias`, 'int32', { shape, data: sums }),
    b.constant(`${name}.bias.scale`, 'float32', { shape, data: scales }),
    b.constant(`${name}.bias.zero`, 'int32', { shape, data: new Int32Array(bias.length) }),
  ];
  const attributes = { axis: { int: 0 } };
  return b.node('DequantizeLinear', inputs, { to: `${name}.bias.values`, attributes });
}

/** Quantizes weights symmetrically, with a scale per output: the largest weight of each becomes 127. */
export function signedBytes({ shape, data }: Tensor): {
  readonly shape: Tensor['shape'];
  readonly data: Int8Array;
  readonly scales: Float32Array;
} {
  const outputs = shape[0] ?? 1;
  const size = data.length / outputs;
  const bytes = new Int8Array(data.length);
  const scales = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const row = data.subarray(output * size, (output + 1) * size);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = largest === 0 ? 1 : largest / 127;
    scales[output] = scale;
    row.forEach((value, i) => {
      bytes[output * size + i] = Math.round(value / scale);
    });
  }
  return { shape, data: bytes, scales };
}

/** The scale of the normalised image, whose range is known: 0 to 255 through the preprocessing. */
function pixelScale({ preprocessing }: NetworkSpec): Scale {
  const { factor, shift } = affinePreprocessing(preprocessing);
  const ends = factor.flatMap((value, c) => [shift[c] ?? 0, 255 * value + (shift[c] ?? 0)]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const scale = (high - low) / 255;
  return { scale, zero: Math.round(-low / scale) };
}
