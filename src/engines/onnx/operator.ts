import type { Shape } from '../../base/tensor.ts';
import type { OnnxAttribute } from '../../formats/onnx-model.ts';

/**
 * The language of the intermediate representation: a graph of nodes in static single assignment
 * form with static shapes. Types alone; the graph, the table of operators and the passes build on it.
 */
export type DType = 'float32' | 'uint8' | 'int64';

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One tensor of a graph: an input, a constant, or an output of the node `producer`. */
export interface Value extends TensorType {
  readonly producer: Node | undefined;
}

type V = Value;
// biome-ignore lint/complexity/noBannedTypes: an operator without attributes has exactly none
type None = {};

/**
 * The inputs and attributes of each operator. Every value is float32 unless its operator's file says
 * otherwise.
 */
export interface Signatures {
  // elementwise.ts: inputs are broadcast as in NumPy
  add: { inputs: [a: V, b: V]; attributes: None };
  sub: { inputs: [a: V, b: V]; attributes: None };
  mul: { inputs: [a: V, b: V]; attributes: None };
  div: { inputs: [a: V, b: V]; attributes: None };
  min: { inputs: [a: V, b: V]; attributes: None };
  sqrt: { inputs: [x: V]; attributes: None };
  exp: { inputs: [x: V]; attributes: None };
  // relu.ts
  relu: { inputs: [x: V]; attributes: None };
  reluGrad: { inputs: [dy: V, y: V]; attributes: None };
  // reduce.ts
  reduceSum: { inputs: [x: V]; attributes: ReduceAttributes };
  reduceMean: { inputs: [x: V]; attributes: ReduceAttributes };
  reduceSumSquare: { inputs: [x: V]; attributes: ReduceAttributes };
  // shape.ts
  reshape: { inputs: [x: V]; attributes: { shape: Shape } };
  flatten: { inputs: [x: V]; attributes: None };
  unflatten: { inputs: [x: V]; attributes: { shape: Shape } };
  transpose: { inputs: [x: V]; attributes: { permutation: readonly number[] } };
  expand: { inputs: [x: V]; attributes: { shape: Shape } };
  concat: { inputs: [a: V, b: V]; attributes: None };
  slice: { inputs: [x: V]; attributes: { start: number; end: number } };
  // matmul.ts
  dense: { inputs: [x: V, kernel: V, bias: V]; attributes: None };
  matmul: { inputs: [a: V, b: V, addend?: V]; attributes: MatmulAttributes };
  // conv.ts
  conv: { inputs: [x: V, kernel: V, bias: V]; attributes: None };
  convInputGrad: { inputs: [dy: V, kernel: V]; attributes: None };
  convKernelGrad: { inputs: [x: V, dy: V]; attributes: { kernel: number } };
  // max-pool.ts: outputs the maxima and their indices
  maxPool: { inputs: [x: V]; attributes: { size: number } };
  maxPoolGrad: { inputs: [dy: V, x: V, y: V, indices: V]; attributes: { size: number } };
  // average-pool.ts
  averagePool: { inputs: [x: V]; attributes: { size: number } };
  averagePoolGrad: { inputs: [dy: V]; attributes: { height: number; width: number } };
  globalAveragePool: { inputs: [x: V]; attributes: None };
  // batch-norm.ts: outputs y, the batch's means and its (biased) variances
  batchNorm: { inputs: [x: V, scale: V, shift: V]; attributes: { epsilon: number } };
  // outputs the gradients of x, scale and shift
  batchNormGrad: {
    inputs: [dy: V, x: V, scale: V, mean: V, variance: V];
    attributes: { epsilon: number };
  };
  // softmax.ts
  logSoftmax: { inputs: [logits: V]; attributes: None };
  softmax: { inputs: [logits: V]; attributes: None };
  // pixels.ts
  normalise: { inputs: [pixels: V]; attributes: NormaliseAttributes };
}

export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export interface NormaliseAttributes {
  /** Blue first: the order of the channels is reversed before anything else. */
  readonly reverse: boolean;
  /** y = x * scale + shift, by channel after the reversal. */
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

export type OpName = keyof Signatures;
export type Inputs<K extends OpName> = Readonly<Signatures[K]['inputs']>;
export type Attributes<K extends OpName> = Readonly<Signatures[K]['attributes']>;

export interface Node<K extends OpName = OpName> {
  readonly op: K;
  readonly inputs: Inputs<K>;
  readonly attributes: Attributes<K>;
  readonly outputs: readonly Value[];
}

/** The operations on a graph that gradient rules may use: they only add to it. */
export interface Builder {
  /** Adds a node, or finds an equal one, and returns its first output. */
  add<K extends OpName>(op: K, inputs: Inputs<K>, attributes: Attributes<K>): Value;
  /** The same with all outputs. */
  node<K extends OpName>(op: K, inputs: Inputs<K>, attributes: Attributes<K>): Node<K>;
  scalar(value: number): Value;
}

export interface GradientContext<K extends OpName> extends Node<K> {
  readonly graph: Builder;
  /** The gradient of the first output; the others (indices, statistics) carry none. */
  readonly dy: Value;
  readonly y: Value;
}

/**
 * How the gradient reaches one input: a function that builds it when somebody asked for it;
 * 'zero' where none flows although it is differentiable in name; 'forbidden' where asking is a bug.
 */
export type InputGradient<K extends OpName> =
  | ((context: GradientContext<K>) => Value)
  | 'zero'
  | 'forbidden';

/** One rule per input, or one word for all inputs. */
export type Gradient<K extends OpName> =
  | ForEach<Required<Signatures[K]['inputs']>, InputGradient<K>>
  | 'zero'
  | 'forbidden';

type ForEach<T extends readonly unknown[], Item> = { readonly [I in keyof T]: Item };

/** One row of the table of operators. */
export interface Operator<K extends OpName> {
  /**
   * Types of the outputs.
   * @throws Error if the inputs do not fit: a bug, since networks are checked before
   */
  infer(inputs: Inputs<K>, attributes: Attributes<K>): readonly TensorType[];
  readonly emit: EmitRule<K>;
  readonly gradient: Gradient<K>;
}

/** Writes one node of the graph as ONNX nodes: the default lowering. */
export type EmitRule<K extends OpName> = (emitter: Emitter, node: Node<K>) => void;

/**
 * How a value lies in memory. 'plain' is the canonical layout; a lowering that has others
 * names them itself and says how to convert.
 */
export type Layout = string;

/**
 * The operations that an emission rule may use. Names are those of ONNX values; '' leaves out an optional
 * one.
 */
export interface Emitter {
  /** The name of a value in a layout; converts if it is only there in another. */
  read(value: Value | undefined, layout?: Layout): string;
  /** The layout in which a value was written first, and from which others are converted. */
  layoutOf(value: Value): Layout;
  /** Reserves the name under which the rule is about to produce a value; '' if nobody reads it. */
  write(value: Value | undefined, layout?: Layout): string;
  /** A node whose outputs were named by `write` or by `fresh`. */
  node(type: string, inputs: readonly string[], outputs: readonly string[], options?: Extra): void;
  /** A node with one output, for this rule's own use; returns its name. */
  step(type: string, inputs: readonly string[], options?: Extra): string;
  fresh(hint: string): string;
  /** Constants. */
  ints(values: readonly number[]): string;
  floats(values: ArrayLike<number>, shape: Shape): string;
  /** A larger constant, made when its key is asked for the first time. */
  constant(key: string, make: () => Constant): string;
}

export interface Constant {
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array;
}

export interface Extra {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly domain?: string;
}
