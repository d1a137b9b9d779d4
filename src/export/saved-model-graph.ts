import type { Shape } from '../base/tensor.ts';
import type { SavedModel, TfAttribute, TfConstant, TfNode } from '../formats/saved-model.ts';
import { type KerasLayer, kerasLayers } from './keras-layers.ts';
import type { ExportModel } from './model.ts';

const FLOAT: TfAttribute = { type: 'float32' };
const NHWC: TfAttribute = { string: 'NHWC' };

/**
 * The network as a frozen graph of TensorFlow: uint8 RGB [N, size, size, 3] called `image` in,
 * `probabilities` [N, classes] out. Layer by layer what Keras computes, each with its name.
 */
export function savedModelOf(model: ExportModel): SavedModel {
  const { preprocessing, classes } = model.network;
  const shape = [-1, preprocessing.size, preprocessing.size, 3];
  const graph = new Graph();
  graph.node('Placeholder', [], {
    to: 'image',
    attributes: { dtype: { type: 'uint8' }, shape: { shape } },
  });
  let x = graph.node('Cast', ['image'], {
    to: 'floats',
    attributes: { SrcT: { type: 'uint8' }, DstT: FLOAT },
  });
  const layers = kerasLayers(model);
  layers.forEach((layer, index) => {
    const inputs = layer.inputs ?? [x];
    x = addLayer(graph, inputs, { layer, next: layers.slice(index + 1) });
  });
  return {
    constants: graph.constants,
    nodes: graph.nodes,
    input: { name: 'image', type: 'uint8', shape },
    output: { name: x, type: 'float32', shape: [-1, classes] },
    assets: {
      'labels.txt': model.labels.map((label) => `${label.replace(/[\r\n]+/g, ' ')}\n`).join(''),
    },
  };
}

class Graph {
  readonly nodes: TfNode[] = [];
  readonly constants: TfConstant[] = [];

  /** @returns the node's name */
  node(
    op: string,
    inputs: readonly string[],
    options: { readonly to: string; readonly attributes?: TfNode['attributes'] },
  ): string {
    const { to, attributes = { T: FLOAT } } = options;
    this.nodes.push({ name: to, op, inputs, attributes });
    return to;
  }

  constant(constant: TfConstant): string {
    this.constants.push(constant);
    return constant.name;
  }

  /** A vector of whole numbers: axes or sizes. */
  integers(name: string, values: readonly number[]): string {
    const data = () => Int32Array.from(values);
    return this.constant({ name, shape: [values.length], type: 'int32', data });
  }

  /** A weight of a layer. */
  weight(layer: KerasLayer, name: string): string {
    const found = layer.weights.find((weight) => weight.name === name);
    if (found === undefined) throw new Error(`${layer.name} has no ${name}`);
    const { shape, data } = found;
    return this.constant({ name: `${layer.name}/${name}`, shape, type: 'float32', data });
  }
}

interface Place {
  readonly layer: KerasLayer;
  /** The layers behind it. */
  readonly next: readonly KerasLayer[];
}

function addLayer(graph: Graph, inputs: readonly string[], { layer, next }: Place): string {
  const to = layer.name;
  const [x = ''] = inputs;
  switch (layer.className) {
    case 'Conv2D':
      return addConvolution(graph, x, layer);
    case 'Dense':
      return addDense(graph, x, layer);
    case 'BatchNormalization':
      return addBatchNorm(graph, x, layer);
    case 'Activation':
      return graph.node(layer.config.activation === 'softmax' ? 'Softmax' : 'Relu', [x], { to });
    case 'MaxPooling2D':
      return graph.node('MaxPool', [x], { to, attributes: pooling(layer) });
    case 'AveragePooling2D':
      return graph.node('AvgPool', [x], { to, attributes: pooling(layer) });
    case 'GlobalAveragePooling2D': {
      const axes = graph.integers(`${to}/axes`, [1, 2]);
      const attributes = { T: FLOAT, Tidx: INT, keep_dims: { bool: false } };
      return graph.node('Mean', [x, axes], { to, attributes });
    }
    case 'Flatten': {
      const sizes = graph.integers(`${to}/sizes`, [-1, flatSize(next)]);
      return graph.node('Reshape', [x, sizes], { to, attributes: { T: FLOAT, Tshape: INT } });
    }
    case 'Concatenate':
      return addConcatenation(graph, inputs, to);
    case 'Permute': {
      const axes = graph.integers(`${to}/axes`, [0, ...(layer.config.dims as readonly number[])]);
      return graph.node('Transpose', [x, axes], { to, attributes: { T: FLOAT, Tperm: INT } });
    }
    case 'Dropout':
      return x;
    default:
      throw new Error(`no operators for a layer ${layer.className}`);
  }
}

const INT: TfAttribute = { type: 'int32' };

/** Joins maps [N, H, W, C] by their channels. */
function addConcatenation(graph: Graph, inputs: readonly string[], to: string): string {
  const axis = graph.constant({
    name: `${to}/axis`,
    shape: [],
    type: 'int32',
    data: () => Int32Array.of(3),
  });
  const attributes = { T: FLOAT, Tidx: INT, N: { int: inputs.length } };
  return graph.node('ConcatV2', [...inputs, axis], { to, attributes });
}

function addConvolution(graph: Graph, x: string, layer: KerasLayer): string {
  const { name } = layer;
  const attributes = {
    T: FLOAT,
    data_format: NHWC,
    padding: { string: 'SAME' },
    strides: { ints: [1, 1, 1, 1] },
    dilations: { ints: [1, 1, 1, 1] },
  };
  const sums = graph.node('Conv2D', [x, graph.weight(layer, 'kernel')], {
    to: `${name}/sums`,
    attributes,
  });
  return addBias(graph, sums, layer);
}

function addDense(graph: Graph, x: string, layer: KerasLayer): string {
  const kernel = graph.weight(layer, 'kernel');
  // Without bias it is a matrix of the pooling, on the last axis of a map.
  if (layer.config.use_bias === false) {
    const attributes = { T: FLOAT, adj_x: { bool: false }, adj_y: { bool: false } };
    return graph.node('BatchMatMulV2', [x, kernel], { to: layer.name, attributes });
  }
  const attributes = { T: FLOAT, transpose_a: { bool: false }, transpose_b: { bool: false } };
  const sums = graph.node('MatMul', [x, kernel], { to: `${layer.name}/sums`, attributes });
  return addBias(graph, sums, layer);
}

function addBias(graph: Graph, sums: string, layer: KerasLayer): string {
  const inputs = [sums, graph.weight(layer, 'bias')];
  return graph.node('BiasAdd', inputs, {
    to: layer.name,
    attributes: { T: FLOAT, data_format: NHWC },
  });
}

function addBatchNorm(graph: Graph, x: string, layer: KerasLayer): string {
  const names = ['gamma', 'beta', 'moving_mean', 'moving_variance'];
  const attributes = {
    T: FLOAT,
    U: FLOAT,
    data_format: NHWC,
    is_training: { bool: false },
    epsilon: { float: Number(layer.config.epsilon) },
  };
  const inputs = [x, ...names.map((name) => graph.weight(layer, name))];
  return graph.node('FusedBatchNormV3', inputs, { to: layer.name, attributes });
}

function pooling({ config }: KerasLayer): TfNode['attributes'] {
  const window = (sizes: unknown) => ({ ints: [1, ...(sizes as readonly number[]), 1] });
  const sizes = { ksize: window(config.pool_size), strides: window(config.strides) };
  return { T: FLOAT, data_format: NHWC, padding: { string: 'VALID' }, ...sizes };
}

/** The number of inputs of the dense layer that follows. */
function flatSize(next: readonly KerasLayer[]): number {
  const kernel: Shape = next.find(({ weights }) => weights.length > 0)?.weights[0]?.shape ?? [];
  const [inputs] = kernel;
  if (inputs === undefined) throw new Error('a flat layer with no dense layer behind it');
  return inputs;
}
