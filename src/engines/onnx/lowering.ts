import { type Shape, sizeOf } from '../../base/tensor.ts';
import {
  IR_VERSION,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  OPSET_VERSION,
} from '../../formats/onnx-proto.ts';
import type { Graph } from './graph.ts';
import type {
  Constant,
  EmitRule,
  Emitter,
  Extra,
  Layout,
  Node,
  OpName,
  Value,
} from './operator.ts';
import { operatorOf } from './table.ts';

/**
 * Another way to write some operators: with other layouts, chunks, or fused nodes. What is not
 * here is written by the operator's own `emit`, which reads and writes the plain layout.
 */
export interface Lowering {
  readonly rules: { readonly [K in OpName]?: EmitRule<K> };
  /** Emits the conversion of a value and returns the name of the result. */
  convert(emitter: Emitter, value: Value, from: Named, to: Layout): string;
  /** The shape of a value in one of its layouts. */
  shapeIn(value: Value, layout: Layout): Shape;
  /** Domains other than the standard's, with their versions. */
  readonly domains: Readonly<Record<string, number>>;
}

export interface Named {
  readonly name: string;
  readonly layout: Layout;
}

export const PLAIN: Layout = 'plain';

/** Every operator by its own rule: standard ONNX alone. */
export const STANDARD: Lowering = {
  rules: {},
  convert: (_emitter, _value, from, to) => {
    throw new Error(`lowering: no conversion from ${from.layout} to ${to}`);
  },
  shapeIn: ({ shape }) => shape,
  domains: {},
};

export interface LoweringOptions {
  readonly name: string;
  readonly lowering?: Lowering;
  /** Inputs and outputs whose first axis is left open, under the name `batch`. */
  readonly openBatch?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Inputs whose conversions to other layouts go into a model of their own. */
  readonly prepared?: ReadonlySet<string>;
}

/** A model, and the one that converts some of its inputs. */
export interface PreparedModel {
  readonly model: OnnxModel;
  /** From inputs in the plain layout to further inputs of the model; absent if there are none. */
  readonly preparation: OnnxModel | undefined;
}

/** Writes a graph as an ONNX model; nodes that no output depends on are left out. */
export function lower(graph: Graph, options: Omit<LoweringOptions, 'prepared'>): OnnxModel {
  return lowerPrepared(graph, options).model;
}

/**
 * The same in two models: what only converts the inputs `prepared` is not repeated at each run of
 * the main one. Weights that stay for many runs are converted once.
 */
export function lowerPrepared(graph: Graph, options: LoweringOptions): PreparedModel {
  const lowering = options.lowering ?? STANDARD;
  const live = liveNodes(graph);
  const emitter = new ModelEmitter(graph, { lowering, live, prepared: options.prepared });
  for (const node of live) emitNode(emitter, node, lowering);
  emitter.bindOutputs();
  const describe = ([name, value]: readonly [string, Value]): OnnxValue => ({
    name,
    type: value.dtype,
    shape: options.openBatch?.includes(name) ? ['batch', ...value.shape.slice(1)] : value.shape,
  });
  const common = {
    irVersion: IR_VERSION,
    opsets: { '': OPSET_VERSION, ...lowering.domains },
    producer: { name: 'vggtune', version: '' },
  };
  const model: OnnxModel = {
    ...common,
    ...emitter.main,
    metadata: options.metadata ?? {},
    name: options.name,
    inputs: [...[...graph.inputs].map(describe), ...emitter.prepared],
    outputs: [...graph.outputs].map(describe),
  };
  if (emitter.prepared.length === 0) return { model, preparation: undefined };
  const preparation: OnnxModel = {
    ...common,
    ...emitter.preparation,
    metadata: {},
    name: `${options.name} preparation`,
    inputs: [...graph.inputs].filter(([, value]) => emitter.converted.has(value)).map(describe),
    outputs: emitter.prepared,
  };
  return { model, preparation };
}

function liveNodes(graph: Graph): Node[] {
  const wanted = new Set<Value>(graph.outputs.values());
  const live = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => wanted.has(output))) return false;
    for (const input of node.inputs) if (input !== undefined) wanted.add(input);
    return true;
  });
  return live.reverse();
}

function emitNode<K extends OpName>(emitter: Emitter, node: Node<K>, lowering: Lowering): void {
  const rules: { readonly [N in OpName]?: EmitRule<N> } = lowering.rules;
  const rule: EmitRule<K> = rules[node.op] ?? operatorOf(node.op).emit;
  rule(emitter, node);
}

interface EmitterOptions {
  readonly lowering: Lowering;
  readonly live: readonly Node[];
  readonly prepared: ReadonlySet<string> | undefined;
}

/** What one model consists of. */
class ModelPart {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  /** Names of constants by what they are. */
  readonly shared = new Map<string, string>();
}

class ModelEmitter implements Emitter {
  readonly main = new ModelPart();
  readonly preparation = new ModelPart();
  /** What the preparation gives to the main model. */
  readonly prepared: OnnxValue[] = [];
  /** Inputs of the preparation. */
  readonly converted = new Set<Value>();
  /** Where nodes go at this moment. */
  #part = this.main;
  readonly #preparedInputs: ReadonlySet<Value>;
  readonly #graph: Graph;
  readonly #lowering: Lowering;
  /** Values that a live node or the caller reads. */
  readonly #read: ReadonlySet<Value>;
  readonly #outputNames = new Map<Value, string>();
  readonly #forms = new Map<Value, Named[]>();
  readonly #taken = new Set<string>();

  constructor(graph: Graph, { lowering, live, prepared }: EmitterOptions) {
    this.#graph = graph;
    this.#lowering = lowering;
    const inputs = live.flatMap((node): readonly (Value | undefined)[] => node.inputs);
    this.#read = new Set([...inputs, ...graph.outputs.values()].filter((v) => v !== undefined));
    const isPrepared = ([name]: readonly [string, Value]) => prepared?.has(name);
    this.#preparedInputs = new Set([...graph.inputs].filter(isPrepared).map(([, value]) => value));
    for (const [name, value] of graph.inputs) {
      this.#taken.add(name);
      this.#forms.set(value, [{ name, layout: PLAIN }]);
    }
    for (const [name, value] of graph.outputs) {
      this.#taken.add(name);
      // The first name of a value that a node makes is what that node writes; others are copies.
      if (value.producer !== undefined && !this.#outputNames.has(value)) {
        this.#outputNames.set(value, name);
      }
    }
  }

  read(value: Value | undefined, layout: Layout = PLAIN): string {
    if (value === undefined) return '';
    const forms = this.#forms.get(value) ?? this.#constantForms(value);
    const found = forms.find((form) => form.layout === layout);
    if (found !== undefined) return found.name;
    const [source] = forms;
    if (source === undefined) {
      throw new Error(`lowering: ${this.#graph.nameOf(value)} is read before it is written`);
    }
    const name = this.#preparedInputs.has(value)
      ? this.#prepare(value, source, layout)
      : this.#lowering.convert(this, value, source, layout);
    forms.push({ name, layout });
    return name;
  }

  layoutOf(value: Value): Layout {
    return this.#forms.get(value)?.[0]?.layout ?? PLAIN;
  }

  write(value: Value | undefined, layout: Layout = PLAIN): string {
    if (value === undefined || !this.#read.has(value)) return '';
    const reserved = layout === PLAIN ? this.#outputNames.get(value) : undefined;
    const name = reserved ?? this.fresh(this.#graph.nameOf(value));
    const forms = this.#forms.get(value) ?? [];
    forms.push({ name, layout });
    this.#forms.set(value, forms);
    return name;
  }

  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    { attributes = {}, domain = '' }: Extra = {},
  ): void {
    const name = `${outputs[0] ?? ''}:${type}`;
    this.#part.nodes.push({ type, inputs, outputs, attributes, domain, name });
  }

  step(type: string, inputs: readonly string[], options: Extra = {}): string {
    const output = this.fresh(type.toLowerCase());
    this.node(type, inputs, [output], options);
    return output;
  }

  fresh(hint: string): string {
    let name = hint;
    for (let count = 2; this.#taken.has(name); count++) name = `${hint}#${count}`;
    this.#taken.add(name);
    return name;
  }

  ints(values: readonly number[]): string {
    return this.#constant(`ints ${values}`, () => ({
      type: 'int64',
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt),
    }));
  }

  floats(values: ArrayLike<number>, shape: Shape): string {
    const key = values.length > 64 ? undefined : `floats ${shape} ${Array.from(values)}`;
    return this.#constant(key, () => ({
      type: 'float32',
      shape,
      data: Float32Array.from(values),
    }));
  }

  constant(key: string, make: () => Constant): string {
    return this.#constant(key, () => {
      const { shape, data } = make();
      return { type: data instanceof Int32Array ? 'int32' : 'float32', shape, data };
    });
  }

  /** Outputs that no rule wrote under their own name: inputs, constants, second names, other layouts. */
  bindOutputs(): void {
    for (const [name, value] of this.#graph.outputs) {
      const source = this.read(value);
      if (source !== name) this.node('Identity', [source], [name]);
    }
  }

  /** A conversion in the other model. Its name tells what it is, whatever graph asks for it. */
  #prepare(value: Value, source: Named, layout: Layout): string {
    const outer = this.#part;
    this.#part = this.preparation;
    const name = this.fresh(`${this.#graph.nameOf(value)} in ${layout}`);
    this.node('Identity', [this.#lowering.convert(this, value, source, layout)], [name]);
    this.#part = outer;
    this.converted.add(value);
    const shape = this.#lowering.shapeIn(value, layout);
    this.prepared.push({ name, type: value.dtype, shape });
    return name;
  }

  #constantForms(value: Value): Named[] {
    const tensor = this.#graph.constants.get(value);
    if (tensor === undefined) return [];
    const name =
      sizeOf(tensor.shape) === 1 && tensor.shape.length === 0
        ? this.floats(tensor.data, [])
        : this.#initializer(this.#graph.nameOf(value), {
            type: 'float32',
            shape: tensor.shape,
            data: tensor.data,
          });
    const forms = [{ name, layout: PLAIN }];
    this.#forms.set(value, forms);
    return forms;
  }

  #constant(key: string | undefined, make: () => ConstantData): string {
    const { shared } = this.#part;
    const known = key === undefined ? undefined : shared.get(key);
    if (known !== undefined) return known;
    const name = this.#initializer('constant', make());
    if (key !== undefined) shared.set(key, name);
    return name;
  }

  #initializer(hint: string, { type, shape, data }: ConstantData): string {
    const name = this.fresh(hint);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#part.initializers.push({ name, type, shape, bytes });
    return name;
  }
}

interface ConstantData {
  readonly type: 'float32' | 'int32' | 'int64';
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array | BigInt64Array;
}
