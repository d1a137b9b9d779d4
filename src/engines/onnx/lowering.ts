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
import type { EmitRule, Emitter, Extra, Layout, Node, OpName, Value } from './operator.ts';
import { operatorOf } from './table.ts';

/**
 * Another way to write some operators: with other layouts, chunks, or fused nodes. What is not
 * here is written by the operator's own `emit`, which reads and writes the plain layout.
 */
export interface Lowering {
  readonly rules: { readonly [K in OpName]?: EmitRule<K> };
  /** Emits the conversion of a value and returns the name of the result. */
  convert(emitter: Emitter, value: Value, from: Named, to: Layout): string;
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
  domains: {},
};

export interface LoweringOptions {
  readonly name: string;
  readonly lowering?: Lowering;
  /** Inputs and outputs whose first axis is left open, under the name `batch`. */
  readonly openBatch?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Writes a graph as an ONNX model; nodes that no output depends on are left out. */
export function lower(graph: Graph, options: LoweringOptions): OnnxModel {
  const lowering = options.lowering ?? STANDARD;
  const live = liveNodes(graph);
  const emitter = new ModelEmitter(graph, { lowering, live });
  for (const node of live) emitNode(emitter, node, lowering);
  emitter.bindOutputs();
  const describe = ([name, value]: readonly [string, Value]): OnnxValue => ({
    name,
    type: value.dtype,
    shape: options.openBatch?.includes(name) ? ['batch', ...value.shape.slice(1)] : value.shape,
  });
  return {
    irVersion: IR_VERSION,
    opsets: { '': OPSET_VERSION, ...lowering.domains },
    producer: { name: 'vggtune', version: '' },
    metadata: options.metadata ?? {},
    name: options.name,
    nodes: emitter.nodes,
    initializers: emitter.initializers,
    inputs: [...graph.inputs].map(describe),
    outputs: [...graph.outputs].map(describe),
  };
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
}

class ModelEmitter implements Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #graph: Graph;
  readonly #lowering: Lowering;
  /** Values that a live node or the caller reads. */
  readonly #read: ReadonlySet<Value>;
  readonly #outputNames = new Map<Value, string>();
  readonly #forms = new Map<Value, Named[]>();
  readonly #taken = new Set<string>();
  readonly #shared = new Map<string, string>();

  constructor(graph: Graph, { lowering, live }: EmitterOptions) {
    this.#graph = graph;
    this.#lowering = lowering;
    const inputs = live.flatMap((node): readonly (Value | undefined)[] => node.inputs);
    this.#read = new Set([...inputs, ...graph.outputs.values()].filter((v) => v !== undefined));
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
    const name = this.#lowering.convert(this, value, source, layout);
    forms.push({ name, layout });
    return name;
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
    this.nodes.push({ type, inputs, outputs, attributes, domain, name });
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

  /** Outputs that no rule wrote under their own name: inputs, constants, second names, other layouts. */
  bindOutputs(): void {
    for (const [name, value] of this.#graph.outputs) {
      const source = this.read(value);
      if (source !== name) this.node('Identity', [source], [name]);
    }
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
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.#initializer('constant', make());
    if (key !== undefined) this.#shared.set(key, name);
    return name;
  }

  #initializer(hint: string, { type, shape, data }: ConstantData): string {
    const name = this.fresh(hint);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, type, shape, bytes });
    return name;
  }
}

interface ConstantData {
  readonly type: 'float32' | 'int64';
  readonly shape: Shape;
  readonly data: Float32Array | BigInt64Array;
}
