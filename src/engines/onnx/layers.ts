import { type Shape, sizeOf } from '../../base/tensor.ts';
import { boundaryBehind } from '../../network/boundary.ts';
import { layerParameters } from '../../network/parameters.ts';
import { affinePreprocessing } from '../../network/preprocessing.ts';
import type { Layer, NetworkSpec } from '../../network/spec.ts';
import { carriedLevels, rowShape } from '../rows.ts';
import type { Graph } from './graph.ts';
import type { Value } from './operator.ts';

export type BatchNormLayer = Extract<Layer, { kind: 'batchnorm' }>;

/** How a layer range becomes nodes. */
export interface StretchOptions {
  readonly network: NetworkSpec;
  /** Layers [from, to). */
  readonly from: number;
  readonly to: number;
  /** The input or constant that holds a parameter or statistic. */
  readonly parameter: (name: string) => Value;
  /** The mask of a dropout layer; absent in inference. */
  readonly mask?: (name: string) => Value;
  /** Batch norms that use the statistics of the batch, and update the running ones. */
  readonly usesBatchStatistics?: (layer: BatchNormLayer) => boolean;
  /** Layers that are left out, because they were folded into another. */
  readonly folded?: ReadonlySet<number>;
  /** The boundaries whose activations are requested, as in `ForwardRequest.taps`. */
  readonly taps?: readonly number[];
  /** Whether the output is the input of a layer range that begins at `to`. */
  readonly carry?: boolean;
}

export interface LayerRange {
  readonly output: Value;
  /** By boundary. */
  readonly taps: ReadonlyMap<number, Value>;
  /** Running statistics after the batch, by canonical name. */
  readonly statistics: ReadonlyMap<string, Value>;
}

/** The input of the layer range for a fixed number of samples: normalised pixels, or activations. */
export function addRows(
  graph: Graph,
  { network, from }: Pick<StretchOptions, 'network' | 'from'>,
  { name, rows }: { readonly name: string; readonly rows: number },
): Value {
  const shape = [rows, ...rowShape(network, from)];
  if (from > 0) return graph.input(name, shape);
  const { factor, shift } = affinePreprocessing(network.preprocessing);
  return graph.add('normalise', [graph.input(name, shape, 'uint8')], {
    reverse: network.preprocessing.channels === 'bgr',
    scale: factor,
    shift,
  });
}

/** Adds the layers of a layer range. */
export function addLayerRange(graph: Graph, input: Value, options: StretchOptions): LayerRange {
  const statistics = new Map<string, Value>();
  const { activations, carried } = apart(graph, input, options);
  const values = new Map<number, Value>([[options.from, activations]]);
  let value = activations;
  for (const steps of executionOrder(options)) {
    for (const index of steps) {
      const layer = options.network.layers[index];
      if (layer === undefined) throw new Error(`the network has no layer ${index}`);
      if (options.folded?.has(index)) continue;
      value = addLayer(graph, value, { layer, options, statistics, values, carried });
      graph.label(value, layer.name);
    }
    values.set(Math.max(...steps) + 1, value);
  }
  const taps = new Map<number, Value>();
  for (const tap of options.taps ?? []) taps.set(tap, values.get(tap) ?? value);
  const means = new Map(carried);
  for (const { layer } of options.carry === true
    ? carriedLevels(options.network, options.to)
    : []) {
    means.set(layer, means.get(layer) ?? levelMean(graph, layer, { options, values }));
  }
  const output = options.carry === true ? together(graph, value, options, means) : value;
  return { output, taps, statistics };
}

type Means = ReadonlyMap<string, Value>;

/** Splits an input into activations and the averages behind them, by the name of their layer. */
function apart(
  graph: Graph,
  input: Value,
  { network, from }: StretchOptions,
): { readonly activations: Value; readonly carried: Means } {
  const levels = from === 0 ? [] : carriedLevels(network, from);
  if (levels.length === 0) return { activations: input, carried: new Map() };
  const shape: Shape = network.shapes[from - 1] ?? [];
  let start = sizeOf(shape);
  const piece = graph.add('slice', [input], { start: 0, end: start });
  const carried = new Map<string, Value>();
  for (const { layer, channels } of levels) {
    const mean = graph.add('slice', [input], { start, end: start + channels });
    carried.set(layer, graph.add('unflatten', [mean], { shape: [channels, 1, 1] }));
    start += channels;
  }
  return { activations: graph.add('unflatten', [piece], { shape }), carried };
}

/**
 * Joins activations and averages into one vector per sample; without later readers, the activations alone.
 */
function together(
  graph: Graph,
  value: Value,
  { network, to }: StretchOptions,
  means: Means,
): Value {
  const levels = carriedLevels(network, to);
  if (levels.length === 0) return value;
  return levels.reduce(
    (row, { layer }) => {
      const mean = means.get(layer);
      if (mean === undefined) throw new Error(`there is no average of ${layer}`);
      return graph.add('concat', [row, graph.add('flatten', [mean], {})], {});
    },
    graph.add('flatten', [value], {}),
  );
}

function levelMean(
  graph: Graph,
  name: string,
  { options, values }: Pick<LayerContext, 'options' | 'values'>,
): Value {
  const value = values.get(boundaryBehind(options.network, name));
  if (value === undefined)
    throw new Error(`${name} lies before the layer range and is not carried`);
  return graph.add('averagePool', [value], { size: 1 });
}

/**
 * The layers in order of execution, grouped where no boundary lies between them. Max pooling commutes with
 * ReLU, and pooling first leaves a quarter of the values to rectify and to mask; so the two change places
 * unless the value between them is needed.
 */
function executionOrder({ network, from, to, taps = [] }: StretchOptions): number[][] {
  const order: number[][] = [];
  for (let index = from; index < to; index++) {
    const next = index + 1;
    const swap =
      network.layers[index]?.kind === 'relu' &&
      network.layers[next]?.kind === 'maxpool' &&
      next < to &&
      !taps.includes(next);
    order.push(swap ? [next, index] : [index]);
    if (swap) index++;
  }
  return order;
}

interface LayerContext {
  readonly layer: Layer;
  readonly options: StretchOptions;
  readonly statistics: Map<string, Value>;
  /** The activations so far, by boundary. */
  readonly values: ReadonlyMap<number, Value>;
  /** Averages of levels from before the layer range. */
  readonly carried: Means;
}

function addLayer(graph: Graph, x: Value, context: LayerContext): Value {
  const { layer, options } = context;
  const parameter = (suffix: string) => options.parameter(`${layer.name}.${suffix}`);
  switch (layer.kind) {
    case 'conv':
      return graph.add('conv', [x, parameter('weight'), parameter('bias')], {});
    case 'dense':
      return graph.add('dense', [x, parameter('weight'), parameter('bias')], {});
    case 'relu':
      return graph.add('relu', [x], {});
    case 'maxpool':
      return graph.add('maxPool', [x], { size: layer.size });
    case 'avgpool': {
      const isIdentity = x.shape[2] === layer.size && x.shape[3] === layer.size;
      return isIdentity ? x : graph.add('averagePool', [x], { size: layer.size });
    }
    case 'gap':
      return graph.add('globalAveragePool', [x], {});
    case 'levels':
      return addLevels(graph, { ...context, layer });
    case 'flatten':
      return graph.add('flatten', [x], {});
    case 'dropout':
      return options.mask === undefined ? x : graph.add('mul', [x, options.mask(layer.name)], {});
    case 'batchnorm':
      return options.usesBatchStatistics?.(layer)
        ? batchNormOfBatch(graph, x, { ...context, layer })
        : batchNormOfRun(graph, x, { ...context, layer });
  }
}

interface LevelsContext extends LayerContext {
  readonly layer: Extract<Layer, { kind: 'levels' }>;
}

function addLevels(graph: Graph, { layer, options, values, carried }: LevelsContext): Value {
  const means = layer.sources.map(
    ({ layer: name }) => carried.get(name) ?? levelMean(graph, name, { options, values }),
  );
  return means.reduce((before, next) => graph.add('concat', [before, next], {}));
}

interface BatchNormContext extends LayerContext {
  readonly layer: BatchNormLayer;
}

/** [C] as [1, C, 1, 1]. */
function perChannel(graph: Graph, value: Value): Value {
  return graph.add('reshape', [value], { shape: [1, sizeOf(value.shape), 1, 1] });
}

/** Training mode: PyTorch's running variance is the unbiased one, its normalisation the biased. */
function batchNormOfBatch(graph: Graph, x: Value, context: BatchNormContext): Value {
  const { layer, options, statistics } = context;
  const parameter = (suffix: string) => options.parameter(`${layer.name}.${suffix}`);
  const scale = perChannel(graph, parameter('weight'));
  const shift = perChannel(graph, parameter('bias'));
  const { epsilon, momentum } = layer;
  const [y, mean, variance] = graph.node('batchNorm', [x, scale, shift], { epsilon }).outputs;
  if (y === undefined || mean === undefined || variance === undefined) {
    throw new Error('batchNorm has three outputs');
  }
  const samples = sizeOf(x.shape) / layer.channels;
  const mix = (suffix: string, batch: Value, factor: number) => {
    const name = `${layer.name}.${suffix}`;
    const kept = graph.add('mul', [options.parameter(name), graph.scalar(1 - momentum)], {});
    const flat = graph.add('reshape', [batch], { shape: [layer.channels] });
    const fresh = graph.add('mul', [flat, graph.scalar(momentum * factor)], {});
    statistics.set(name, graph.add('add', [kept, fresh], {}));
  };
  mix('running_mean', mean, 1);
  mix('running_var', variance, samples / (samples - 1));
  return y;
}

/** Inference mode: (x - mean) / sqrt(variance + epsilon) * weight + bias, as one scale and shift. */
function batchNormOfRun(graph: Graph, x: Value, { layer, options }: BatchNormContext): Value {
  const [weight, bias, mean, variance] = layerParameters(layer).map(({ name }) =>
    options.parameter(name),
  ) as [Value, Value, Value, Value];
  const shifted = graph.add('add', [variance, graph.scalar(layer.epsilon)], {});
  const scale = graph.add('div', [weight, graph.add('sqrt', [shifted], {})], {});
  const shift = graph.add('sub', [bias, graph.add('mul', [mean, scale], {})], {});
  const scaled = graph.add('mul', [x, perChannel(graph, scale)], {});
  return graph.add('add', [scaled, perChannel(graph, shift)], {});
}
