import protobuf from 'protobufjs/light.js';
import { dataError, messageOf } from '../base/errors.ts';
import { ONNX_DESCRIPTOR } from './onnx-descriptor.ts';

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
  /** Of another kind, such as a graph: nothing is read of it but the kind. */
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

const root = protobuf.Root.fromJSON(ONNX_DESCRIPTOR);
const modelType = root.lookupType('onnx.ModelProto');

/** AttributeProto.AttributeType, and the field that holds the value. */
const ATTRIBUTE_KINDS = {
  float: { type: 1, field: 'f' },
  int: { type: 2, field: 'i' },
  string: { type: 3, field: 's' },
  floats: { type: 6, field: 'floats' },
  ints: { type: 7, field: 'ints' },
} as const;

/**
 * The bytes of a `.onnx` file. One copy of the weights is made.
 *
 * @throws RangeError above 2 GiB, which is the most a protobuf message may have
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const weights = model.initializers.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  if (weights >= 2 ** 31) {
    throw new RangeError(`an ONNX file holds less than 2 GiB of weights, not ${weights} bytes`);
  }
  return modelType.encode(toMessage(model)).finish();
}

/**
 * Reads a `.onnx` file. Tensors are views into `bytes` where the file has them as raw data.
 *
 * @throws VggtuneError (data) for bytes that are no ONNX model
 */
export function decodeOnnx(bytes: Uint8Array, where = 'ONNX model'): OnnxModel {
  try {
    const message = modelType.decode(bytes);
    return fromMessage(
      modelType.toObject(message, { longs: Number, defaults: true, arrays: true }),
    );
  } catch (error) {
    throw dataError('not an ONNX model', {
      expected: 'a protobuf ModelProto with a graph',
      found: messageOf(error),
      where,
      fix: 'check that the file is complete and is an .onnx file',
      cause: error,
    });
  }
}

function toMessage(model: OnnxModel): protobuf.Message {
  return modelType.create({
    irVersion: model.irVersion,
    producerName: model.producer.name,
    producerVersion: model.producer.version,
    opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({ domain, version })),
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: model.name,
      node: model.nodes.map((node) => ({
        input: node.inputs,
        output: node.outputs,
        name: node.name,
        opType: node.type,
        domain: node.domain,
        attribute: Object.entries(node.attributes).map(attributeMessage),
      })),
      initializer: model.initializers.map(({ name, type, shape, bytes }) => ({
        name,
        dims: shape,
        dataType: ONNX_TYPES[type],
        rawData: bytes,
      })),
      input: model.inputs.map(valueMessage),
      output: model.outputs.map(valueMessage),
    },
  });
}

function attributeMessage([name, attribute]: [string, OnnxAttribute]): object {
  const [kind, value] = Object.entries(attribute)[0] as [keyof typeof ATTRIBUTE_KINDS, unknown];
  const { type, field } = ATTRIBUTE_KINDS[kind];
  return { name, type, [field]: kind === 'string' ? Buffer.from(String(value)) : value };
}

function valueMessage({ name, type, shape }: OnnxValue): object {
  const dim = shape.map((size) =>
    typeof size === 'string' ? { dimParam: size } : { dimValue: size },
  );
  return { name, type: { tensorType: { elemType: ONNX_TYPES[type], shape: { dim } } } };
}

// What `toObject` gives for the descriptor's fields; every field is there because of `defaults`.
interface ModelObject {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  graph: GraphObject | null;
  opsetImport: { domain: string; version: number }[];
  metadataProps: { key: string; value: string }[];
}
interface GraphObject {
  name: string;
  node: {
    input: string[];
    output: string[];
    name: string;
    opType: string;
    domain: string;
    attribute: AttributeObject[];
  }[];
  initializer: TensorObject[];
  input: ValueObject[];
  output: ValueObject[];
}
interface TensorObject {
  name: string;
  dims: number[];
  dataType: number;
  rawData: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  doubleData: number[];
  externalData: { key: string; value: string }[];
  dataLocation: number;
}
interface AttributeObject {
  name: string;
  type: number;
  f: number;
  i: number;
  s: Uint8Array;
  t: TensorObject | null;
  floats: number[];
  ints: number[];
}
interface ValueObject {
  name: string;
  type: {
    tensorType: {
      elemType: number;
      shape: { dim: { dimValue?: number; dimParam?: string }[] } | null;
    } | null;
  } | null;
}

function fromMessage(object: object): OnnxModel {
  const model = object as ModelObject;
  const graph = model.graph;
  if (graph === null) throw new Error('the message has no graph');
  return {
    irVersion: model.irVersion,
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain, version])),
    producer: { name: model.producerName, version: model.producerVersion },
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    name: graph.name,
    nodes: graph.node.map((node) => ({
      type: node.opType,
      inputs: node.input,
      outputs: node.output,
      domain: node.domain,
      name: node.name,
      attributes: Object.fromEntries(node.attribute.map((a) => [a.name, attributeOf(a)])),
    })),
    initializers: graph.initializer.map(tensorOf),
    inputs: graph.input.map(graphValue),
    outputs: graph.output.map(graphValue),
  };
}

function attributeOf(attribute: AttributeObject): OnnxAttribute {
  switch (attribute.type) {
    case ATTRIBUTE_KINDS.float.type:
      return { float: attribute.f };
    case ATTRIBUTE_KINDS.int.type:
      return { int: attribute.i };
    case ATTRIBUTE_KINDS.string.type:
      return { string: Buffer.from(attribute.s).toString() };
    case ATTRIBUTE_KINDS.floats.type:
      return { floats: attribute.floats };
    case ATTRIBUTE_KINDS.ints.type:
      return { ints: attribute.ints };
    case TENSOR_ATTRIBUTE:
      return attribute.t === null
        ? { unread: TENSOR_ATTRIBUTE }
        : { tensor: tensorOf(attribute.t) };
    default:
      return { unread: attribute.type };
  }
}

/** AttributeProto.AttributeType of a tensor; models of this project have none. */
const TENSOR_ATTRIBUTE = 4;
/** TensorProto.DataLocation. */
const EXTERNAL = 1;

function tensorOf(tensor: TensorObject): OnnxTensor {
  const { name, dims: shape, dataType } = tensor;
  const type = typeOf(dataType);
  const common = { name, shape, type };
  if (tensor.dataLocation === EXTERNAL) {
    const facts = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const length = facts.get('length');
    const external = {
      location: facts.get('location') ?? '',
      offset: Number(facts.get('offset') ?? 0),
      length: length === undefined ? undefined : Number(length),
    };
    return { ...common, bytes: new Uint8Array(0), external };
  }
  if (tensor.rawData.length > 0) return { ...common, bytes: tensor.rawData };
  return { ...common, bytes: typedBytes(type, tensor) };
}

/** The elements where they are written as numbers rather than as raw data. */
function typedBytes(type: OnnxType, tensor: TensorObject): Uint8Array {
  const { floatData, int32Data, int64Data, doubleData } = tensor;
  switch (type) {
    case 'float32':
      return new Uint8Array(Float32Array.from(floatData).buffer);
    case 'float64':
      return new Uint8Array(Float64Array.from(doubleData).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(int64Data.map(wholeNumber)).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(int32Data).buffer);
    case 'float16':
    case 'bfloat16':
      return new Uint8Array(Uint16Array.from(int32Data).buffer);
    default:
      return tensor.rawData;
  }
}

const wholeNumber = (value: number) => BigInt(Number.isSafeInteger(value) ? value : 0);

function typeOf(code: number): OnnxType {
  const found = Object.entries(ONNX_TYPES).find(([, value]) => value === code);
  if (found === undefined) throw new Error(`tensor type ${code} is not read`);
  return found[0] as OnnxType;
}

function graphValue({ name, type }: ValueObject): OnnxValue {
  const tensor = type?.tensorType;
  if (!tensor) throw new Error(`${name} is no tensor`);
  const shape = tensor.shape?.dim.map((dim) => dim.dimParam || (dim.dimValue ?? 0)) ?? [];
  return { name, type: typeOf(tensor.elemType), shape };
}
