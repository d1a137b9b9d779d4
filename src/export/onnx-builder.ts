import type { Shape } from '../base/tensor.ts';
import {
  IR_VERSION,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  OPSET_VERSION,
} from '../formats/onnx-model.ts';

type Attributes = Readonly<Record<string, OnnxAttribute>>;

const BYTES = { float32: 4, uint8: 1, int8: 1, int32: 4, int64: 8, bool: 1 } as const;
type NumberArray = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** An ONNX graph of standard operators, written node by node. */
export class OnnxBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxTensor>();
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];

  input(value: OnnxValue): string {
    this.#inputs.push(value);
    return value.name;
  }

  /** Declares a value that a node writes as an output of the model. */
  output(value: OnnxValue): void {
    this.#outputs.push(value);
  }

  /** @returns the name of the node's output */
  node(
    type: string,
    inputs: readonly string[],
    { to, attributes = {} }: { readonly to: string; readonly attributes?: Attributes },
  ): string {
    this.#nodes.push({ type, inputs, outputs: [to], attributes, domain: '', name: to });
    return to;
  }

  /** @returns the name of the constant; the data is not copied */
  constant(
    name: string,
    type: keyof typeof BYTES,
    { shape, data }: { readonly shape: Shape; readonly data: NumberArray },
  ): string {
    if (data.BYTES_PER_ELEMENT !== BYTES[type]) throw new RangeError(`${name} is no ${type}`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#constants.set(name, { name, type, shape, bytes });
    return name;
  }

  model(name: string, metadata: Readonly<Record<string, string>>): OnnxModel {
    return {
      irVersion: IR_VERSION,
      opsets: { '': OPSET_VERSION },
      producer: { name: 'vggtune', version: '' },
      metadata,
      name,
      nodes: this.#nodes,
      initializers: [...this.#constants.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }
}
