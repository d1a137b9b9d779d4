import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { OnnxNode } from '../../formats/onnx-model.ts';
import { type Affine, affineAfter, UNCHANGED } from './affine.ts';
import {
  type Constant,
  constantOf,
  floatOf,
  type Graph,
  intOf,
  intsOf,
  notUnderstood,
  textOf,
} from './graph.ts';

/** A convolution of a graph. */
export interface GraphConvolution {
  readonly kernel: Constant;
  bias: Constant | undefined;
  norm: { readonly vectors: readonly Constant[]; readonly epsilon: number } | undefined;
  relu: boolean;
  /** The max-pools between it and the next one. */
  pools: number;
}

/** A dense layer of a graph. */
export interface GraphDense {
  readonly kernel: Constant;
  /** The form of the kernel, as the node sees it: [out, in] or [in, out]; or a convolution's [out, in, H, W]. */
  readonly form: 'out-in' | 'in-out' | 'convolution';
  bias: Constant | undefined;
  relu: boolean;
}

/** What a graph does, from its input on. */
export interface GraphNetwork {
  readonly convolutions: readonly GraphConvolution[];
  readonly dense: readonly GraphDense[];
  /** How the map is flattened: in the order C, H, W or H, W, C; or it is averaged. */
  readonly flattened: 'chw' | 'hwc' | 'averaged' | undefined;
  readonly affine: Affine;
  /** Side of the input, where the graph fixes it. */
  readonly side: number | undefined;
  /** Whether images enter as [N, H, W, C]. */
  readonly channelsLast: boolean;
  /** What of the classifier is not understood. */
  readonly unread: string | undefined;
}

interface Walk {
  readonly graph: Graph;
  value: string;
  channelsLast: boolean;
  affine: Affine;
  readonly convolutions: GraphConvolution[];
  readonly dense: GraphDense[];
  flattened: GraphNetwork['flattened'];
}

/** Longer graphs are no VGG. */
const MOST_NODES = 1000;

/**
 * Follows a graph from its input to its output. @throws VggtuneError (data) where it branches or does, among the
 * convolutions, anything that a VGG does not
 */
export function walkGraph(graph: Graph): GraphNetwork {
  const input = graph.model.inputs.find(({ name }) => !graph.tensors.has(name));
  const channelsLast = input?.shape.length === 4 && input.shape[3] === 3;
  const walk: Walk = {
    graph,
    value: input?.name ?? '',
    channelsLast,
    affine: UNCHANGED,
    convolutions: [],
    dense: [],
    flattened: undefined,
  };
  const sides = channelsLast ? input?.shape.slice(1, 3) : input?.shape.slice(2, 4);
  const [height, width] = sides ?? [];
  const side = typeof height === 'number' && height === width && height > 0 ? height : undefined;
  const unread = follow(walk);
  const { convolutions, dense, flattened, affine } = walk;
  return { convolutions, dense, flattened, affine, side, channelsLast, unread };
}

/** @returns why the walk ended before the end, behind the convolutions */
function follow(walk: Walk): string | undefined {
  const { graph } = walk;
  for (let count = 0; count < MOST_NODES; count++) {
    const all = graph.consumers.get(walk.value) ?? [];
    const nodes = all.filter(({ type }) => type !== 'Shape');
    const [node] = nodes;
    if (node === undefined) return undefined;
    const why = nodes.length > 1 ? 'a branch' : takeNode(walk, node);
    if (why !== undefined) {
      if (hasConvolution(graph, walk.value)) throw notUnderstood(graph, node, why);
      return END.has(node.type) ? undefined : why;
    }
    walk.value = node.outputs[0] ?? '';
  }
  throw notUnderstood(graph, undefined, `more than ${MOST_NODES} nodes`);
}

/** What may stand behind the last dense layer. */
const END = new Set(['Softmax', 'LogSoftmax', 'Sigmoid', 'ArgMax', 'TopK']);

/** Whether a convolution comes after a value, by whatever way. */
function hasConvolution({ consumers }: Graph, value: string): boolean {
  const seen = new Set<string>();
  const left = [value];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const { type, outputs } of consumers.get(name) ?? []) {
      if (type === 'Conv') return true;
      left.push(...outputs);
    }
  }
  return false;
}

type Take = (walk: Walk, node: OnnxNode) => string | undefined;

const nothing: Take = () => undefined;

/** By operator: takes it into account, or says why it cannot. */
const TAKES: Readonly<Record<string, Take>> = {
  Identity: nothing,
  Cast: nothing,
  Dropout: nothing,
  Transpose: takeTranspose,
  Conv: takeConvolution,
  BatchNormalization: takeNorm,
  Relu: takeRelu,
  MaxPool: takePool,
  AveragePool: (_, node) =>
    isAll(intsOf(node, 'kernel_shape'), 1) ? undefined : 'an average pool',
  GlobalAveragePool: takeAverage,
  ReduceMean: takeAverage,
  Flatten: takeFlatten,
  Reshape: takeFlatten,
  Squeeze: nothing,
  Gemm: takeGemm,
  MatMul: takeGemm,
  Add: takeBias,
};

function takeNode(walk: Walk, node: OnnxNode): string | undefined {
  const { graph, affine, value, channelsLast } = walk;
  if (walk.convolutions.length === 0) {
    const after = affineAfter(graph, node, { affine, value, channelAxis: channelsLast ? 3 : 1 });
    if (after !== undefined) {
      walk.affine = after;
      return undefined;
    }
  }
  const take = Object.hasOwn(TAKES, node.type) ? TAKES[node.type] : undefined;
  return take === undefined ? `the operator ${node.type}` : take(walk, node);
}

const isAll = (values: readonly number[] | undefined, wanted: number) =>
  values === undefined || values.every((value) => value === wanted);

function takeTranspose(walk: Walk, node: OnnxNode): string | undefined {
  const order = intsOf(node, 'perm')?.join();
  if (order === '0,3,1,2' && walk.channelsLast) walk.channelsLast = false;
  else if (order === '0,2,3,1' && !walk.channelsLast) walk.channelsLast = true;
  else return `a transpose to [${order}]`;
  return undefined;
}

function takeConvolution(walk: Walk, node: OnnxNode): string | undefined {
  const kernel = constantOf(walk.graph, node.inputs[1]);
  if (kernel === undefined) return 'a convolution whose kernel is no constant';
  if (walk.channelsLast) return 'a convolution over other axes';
  if (!isAll(intsOf(node, 'strides'), 1) || !isAll(intsOf(node, 'dilations'), 1)) {
    return 'a convolution with strides or dilations';
  }
  if (intOf(node, 'group', 1) !== 1) return 'a convolution in groups';
  const bias = constantOf(walk.graph, node.inputs[2]);
  const [height, width] = [2, 3].map((axis) => kernel.shape[kernel.axes[axis] ?? axis]);
  if (height === 3 && width === 3 && walk.dense.length === 0) {
    const same = textOf(node, 'auto_pad')?.startsWith('SAME') ?? false;
    if (!same && !isAll(intsOf(node, 'pads') ?? [0], 1)) return 'a convolution without padding';
    walk.convolutions.push({ kernel, bias, norm: undefined, relu: false, pools: 0 });
    return undefined;
  }
  if (walk.convolutions.length === 0) return `a kernel of ${height} x ${width}`;
  if (!isAll(intsOf(node, 'pads'), 0)) return 'a padded convolution in the classifier';
  walk.dense.push({ kernel, form: 'convolution', bias, relu: false });
  walk.flattened ??= 'chw';
  return undefined;
}

function takeNorm(walk: Walk, node: OnnxNode): string | undefined {
  const layer = walk.convolutions.at(-1);
  const vectors = node.inputs.slice(1, 5).map((name) => constantOf(walk.graph, name));
  const found = vectors.filter((vector) => vector !== undefined);
  if (layer === undefined || layer.relu || layer.norm !== undefined || found.length < 4) {
    return 'a batch norm that does not follow a convolution';
  }
  if (walk.dense.length > 0) return 'a batch norm in the classifier';
  layer.norm = { vectors: found, epsilon: floatOf(node, 'epsilon', 1e-5) };
  return undefined;
}

function takeRelu(walk: Walk): string | undefined {
  const layer = walk.dense.at(-1) ?? walk.convolutions.at(-1);
  if (layer === undefined) return 'a ReLU before the first convolution';
  layer.relu = true;
  return undefined;
}

function takePool(walk: Walk, node: OnnxNode): string | undefined {
  const layer = walk.convolutions.at(-1);
  const two = ['kernel_shape', 'strides'].every((name) => intsOf(node, name)?.join() === '2,2');
  if (layer === undefined || !two || !isAll(intsOf(node, 'pads'), 0))
    return 'another max-pool than 2x2';
  layer.pools++;
  return undefined;
}

function takeAverage(walk: Walk): string | undefined {
  if (walk.convolutions.length === 0) return 'an average before the first convolution';
  if (walk.dense.length > 0) return undefined;
  walk.flattened = 'averaged';
  return undefined;
}

function takeFlatten(walk: Walk): string | undefined {
  if (walk.convolutions.length === 0) return 'a reshape before the first convolution';
  walk.flattened ??= walk.channelsLast ? 'hwc' : 'chw';
  return undefined;
}

function takeGemm(walk: Walk, node: OnnxNode): string | undefined {
  const kernel = constantOf(walk.graph, node.inputs[1]);
  const scaled = ['alpha', 'beta'].some((name) => floatOf(node, name, 1) !== 1);
  if (kernel?.axes.length !== 2 || scaled || intOf(node, 'transA', 0) !== 0) {
    return 'a product that is no dense layer';
  }
  const bias = constantOf(walk.graph, node.inputs[2]);
  const form = intOf(node, 'transB', 0) === 1 ? 'out-in' : 'in-out';
  walk.dense.push({ kernel, form, bias, relu: false });
  return undefined;
}

/** A bias that is a node of its own. */
function takeBias(walk: Walk, node: OnnxNode): string | undefined {
  const layer = walk.dense.at(-1) ?? walk.convolutions.at(-1);
  const other = node.inputs.find((name) => name !== walk.value);
  const bias = constantOf(walk.graph, other);
  if (layer === undefined || bias === undefined || layer.bias !== undefined || layer.relu) {
    return 'a sum that is no bias';
  }
  const width = 'form' in layer ? outputsOf(layer) : layer.kernel.shape[layer.kernel.axes[0] ?? 0];
  if (sizeOf(bias.shape) !== width) return 'a sum that is no bias';
  layer.bias = bias;
  return undefined;
}

/** As the node sees it. */
export const shapeOf = ({ shape, axes }: Constant): Shape => axes.map((axis) => shape[axis] ?? 0);

export function outputsOf({ kernel, form }: GraphDense): number {
  return shapeOf(kernel)[form === 'in-out' ? 1 : 0] ?? 0;
}
