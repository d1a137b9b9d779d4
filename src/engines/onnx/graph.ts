import { type Shape, sizeOf, type Tensor } from '../../base/tensor.ts';
import type { Attributes, Builder, DType, Inputs, Node, OpName, Value } from './operator.ts';
import { operatorOf } from './table.ts';

/**
 * A graph under construction. Nodes are pure and in the order in which they were added, which is
 * a topological one; a node that is added twice is there once.
 */
export class Graph implements Builder {
  readonly nodes: Node[] = [];
  readonly inputs = new Map<string, Value>();
  readonly outputs = new Map<string, Value>();
  readonly constants = new Map<Value, Tensor>();
  readonly #labels = new Map<Value, string>();
  readonly #ids = new Map<Value, number>();
  readonly #known = new Map<string, Node>();
  readonly #scalars = new Map<number, Value>();

  input(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    if (this.inputs.has(name)) throw new Error(`graph: two inputs are called ${name}`);
    const value = this.#value(shape, dtype, undefined);
    this.inputs.set(name, value);
    return this.label(value, name);
  }

  /** A float32 constant; its data is not copied. */
  constant(name: string, tensor: Tensor): Value {
    const value = this.#value(tensor.shape, 'float32', undefined);
    this.constants.set(value, tensor);
    return this.label(value, name);
  }

  scalar(number: number): Value {
    const found = this.#scalars.get(number);
    if (found !== undefined) return found;
    const value = this.constant('scalar', { shape: [], data: Float32Array.of(number) });
    this.#scalars.set(number, value);
    return value;
  }

  add<K extends OpName>(op: K, inputs: Inputs<K>, attributes: Attributes<K>): Value {
    return firstOutput(this.node(op, inputs, attributes));
  }

  node<K extends OpName>(op: K, inputs: Inputs<K>, attributes: Attributes<K>): Node<K> {
    const ids = inputs.map((input: Value | undefined) => input && this.#ids.get(input));
    const key = JSON.stringify([op, ids, attributes]);
    const known = this.#known.get(key);
    // Equal keys have equal operators.
    if (known !== undefined) return known as unknown as Node<K>;
    const outputs: Value[] = [];
    const node: Node<K> = { op, inputs, attributes, outputs };
    const anyNode = node as unknown as Node;
    for (const { shape, dtype } of operatorOf(op).infer(inputs, attributes)) {
      outputs.push(this.#value(shape, dtype, anyNode));
    }
    this.nodes.push(anyNode);
    this.#known.set(key, anyNode);
    return node;
  }

  /** Makes a value an output of the graph. */
  output(name: string, value: Value): void {
    if (this.outputs.has(name)) throw new Error(`graph: two outputs are called ${name}`);
    this.outputs.set(name, value);
  }

  /** Gives a value a name for readers of the graph; the first one stays. */
  label(value: Value, name: string): Value {
    if (!this.#labels.has(value)) this.#labels.set(value, name);
    return value;
  }

  nameOf(value: Value): string {
    return this.#labels.get(value) ?? `${value.producer?.op ?? 'value'}_${this.#ids.get(value)}`;
  }

  #value(shape: Shape, dtype: DType, producer: Node | undefined): Value {
    if (shape.some((size) => !Number.isInteger(size) || size < 1) || sizeOf(shape) > 2 ** 31) {
      throw new Error(`graph: a value of shape [${shape}]`);
    }
    const value = { shape, dtype, producer };
    this.#ids.set(value, this.#ids.size);
    return value;
  }
}

/** @throws Error for a node without outputs, which no operator has */
export function firstOutput(node: { readonly outputs: readonly Value[] }): Value {
  const [value] = node.outputs;
  if (value === undefined) throw new Error('graph: a node without outputs');
  return value;
}
