/** IR version 8 goes with opset 17: ONNX 1.12 of 2022, which every runtime of today reads. */
export const IR_VERSION = 8;
export const OPSET_VERSION = 17;

/** TensorProto.DataType. */
export const ONNX_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
export type OnnxType = keyof typeof ONNX_TYPES;

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly tensor: OnnxTensor }
  /** A value of another kind, such as a graph: nothing is read of it but the kind. */
  | { readonly unread: number };

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  /** '' is the standard's own domain. */
  readonly domain: string;
  readonly name: string;
}

/** A constant. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  /** Little-endian, row-major; not copied before the model's bytes are written. */
  readonly bytes: Uint8Array;
  /** Where its bytes are, if not in this file. */
  readonly external?: OnnxExternal;
}

/** A range of another file, named from the folder of the model. */
export interface OnnxExternal {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

/** An input or output of the graph. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  /** A string is a symbolic size, such as `batch`. */
  readonly shape: readonly (number | string)[];
}

/** The part of an ONNX model that vggtune writes and reads (onnx.proto of ONNX 1.12). */
export interface OnnxModel {
  readonly irVersion: number;
  /** Version by domain; '' is the standard's own. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: { readonly name: string; readonly version: string };
  readonly metadata: Readonly<Record<string, string>>;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Every tensor of a model that is a constant: its initializers, and what its nodes of the kind `Constant` give. */
export function constantsOf({ initializers, nodes }: OnnxModel): OnnxTensor[] {
  const given = nodes.flatMap(({ type, outputs, attributes }) => {
    const value = attributes.value;
    const [name] = outputs;
    if (type !== 'Constant' || name === undefined || value === undefined) return [];
    return 'tensor' in value ? [{ ...value.tensor, name }] : [];
  });
  return [...initializers, ...given];
}
