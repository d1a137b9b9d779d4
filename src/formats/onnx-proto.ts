import protobuf from 'protobufjs/light.js';
import { dataError, messageOf } from '../base/errors.ts';
import { ONNX_DESCRIPTOR } from './onnx-descriptor.ts';
import { ONNX_TYPES, type OnnxAttribute, type OnnxModel, type OnnxValue } from './onnx-model.ts';
import { type TensorObject, tensorOf, typeOf } from './onnx-tensor-proto.ts';

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
function graphValue({ name, type }: ValueObject): OnnxValue {
  const tensor = type?.tensorType;
  if (!tensor) throw new Error(`${name} is no tensor`);
  const shape = tensor.shape?.dim.map((dim) => dim.dimParam || (dim.dimValue ?? 0)) ?? [];
  return { name, type: typeOf(tensor.elemType), shape };
}
