import { type Shape, sizeOf } from '../../base/tensor.ts';
import type { OnnxNode, OnnxTensor, OnnxValue } from '../../formats/onnx-model.ts';
import type { Graph } from './graph.ts';
import { type Lowering, type Named, PLAIN } from './lowering.ts';
import type { Constant, Emitter, Extra, Layout, Node, Value } from './operator.ts';

interface EmitterOptions {
  readonly lowering: Lowering;
  readonly live: readonly Node[];
  readonly prepared: ReadonlySet<string> | undefined;
}

/** The parts of one model. */
class ModelPart {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  /** Names of constants by what they are. */
  readonly shared = new Map<string, string>();
}

/** Collects the nodes of a model, and of the model that prepares some of its inputs. */
export class ModelEmitter implements Emitter {
  readonly main = new ModelPart();
  readonly preparation = new ModelPart();
  /** The outputs of the preparation, which are inputs of the main model. */
  readonly prepared: OnnxValue[] = [];
  /** Inputs of the preparation. */
  readonly converted = new Set<Value>();
  /** The part that receives nodes at the moment. */
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
