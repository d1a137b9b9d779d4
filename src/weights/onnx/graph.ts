import { dataError } from '../../base/errors.ts';
import { type Shape, sizeOf } from '../../base/tensor.ts';
import {
  constantsOf,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from '../../formats/onnx-model.ts';

/** A constant that a node takes: a tensor of the file, with its axes as the graph permutes them. */
export interface Constant {
  /** The tensor's name in the file. */
  readonly name: string;
  /** As the file has it. */
  readonly shape: Shape;
  /** Axes of the file in the order in which the node sees them. */
  readonly axes: readonly number[];
}

/** A graph with what its walkers look up. */
export interface Graph {
  readonly where: string;
  readonly model: OnnxModel;
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  /** By the name of an output: the node that gives it. */
  readonly producers: ReadonlyMap<string, OnnxNode>;
  /** By the name of a value: the nodes that take it. */
  readonly consumers: ReadonlyMap<string, readonly OnnxNode[]>;
}

export function indexGraph(model: OnnxModel, where: string): Graph {
  const tensors = new Map(constantsOf(model).map((tensor) => [tensor.name, tensor]));
  const producers = new Map<string, OnnxNode>();
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of model.nodes) {
    for (const output of node.outputs) producers.set(output, node);
    for (const input of new Set(node.inputs)) {
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else list.push(node);
    }
  }
  return { where, model, tensors, producers, consumers };
}

/** Constants are looked for behind so many nodes. */
const MOST_STEPS = 8;

/** What a value is, if it is a constant; transposes of constants are looked through. */
export function constantOf(graph: Graph, value: string | undefined): Constant | undefined {
  let name = value ?? '';
  const permutations: (readonly number[])[] = [];
  for (let step = 0; step < MOST_STEPS; step++) {
    const tensor = graph.tensors.get(name);
    if (tensor !== undefined) {
      const own = tensor.shape.map((_, axis) => axis);
      const axes = permutations.reduceRight(
        (order, permutation) => permutation.map((axis) => order[axis] ?? 0),
        own,
      );
      return { name, shape: tensor.shape, axes };
    }
    const node = graph.producers.get(name);
    if (node?.type === 'Transpose') permutations.push(intsOf(node, 'perm') ?? []);
    else if (node?.type !== 'Identity') return undefined;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

/** Numbers of a small constant, such as a mean or a shape; undefined for any other. */
export function numbersOf(graph: Graph, value: string | undefined): readonly number[] | undefined {
  const tensor = graph.tensors.get(value ?? '');
  if (tensor === undefined || sizeOf(tensor.shape) > 16) return undefined;
  const bytes = Uint8Array.from(tensor.bytes);
  const elements = sizeOf(tensor.shape);
  const view = <T>(size: number, read: () => Iterable<T>) =>
    bytes.length === size * elements ? [...read()].map(Number) : undefined;
  switch (tensor.type) {
    case 'float32':
      return view(4, () => new Float32Array(bytes.buffer));
    case 'float64':
      return view(8, () => new Float64Array(bytes.buffer));
    case 'int64':
      return view(8, () => new BigInt64Array(bytes.buffer));
    case 'int32':
      return view(4, () => new Int32Array(bytes.buffer));
    default:
      return undefined;
  }
}

export function intsOf({ attributes }: OnnxNode, name: string): readonly number[] | undefined {
  const attribute: OnnxAttribute | undefined = attributes[name];
  return attribute !== undefined && 'ints' in attribute ? attribute.ints : undefined;
}

export function intOf({ attributes }: OnnxNode, name: string, otherwise: number): number {
  const attribute = attributes[name];
  return attribute !== undefined && 'int' in attribute ? attribute.int : otherwise;
}

export function floatOf({ attributes }: OnnxNode, name: string, otherwise: number): number {
  const attribute = attributes[name];
  return attribute !== undefined && 'float' in attribute ? attribute.float : otherwise;
}

export function textOf({ attributes }: OnnxNode, name: string): string | undefined {
  const attribute = attributes[name];
  return attribute !== undefined && 'string' in attribute ? attribute.string : undefined;
}

/** A graph is no VGG, or one with something in it that is not understood. @returns the error to throw */
export function notUnderstood(graph: Graph, node: OnnxNode | undefined, why: string): Error {
  const place =
    node === undefined
      ? ''
      : ` at the node ${JSON.stringify(node.name || node.outputs[0] || node.type)}`;
  return dataError(`${graph.where} holds no VGG that is understood`, {
    expected: '3x3 convolutions, each with a ReLU, and 2x2 max-pools, one after the other',
    found: `${why}${place}`,
    where: graph.where,
    fix: 'name a state dict of the network (.pth, .h5, .safetensors) in place of the graph',
  });
}
