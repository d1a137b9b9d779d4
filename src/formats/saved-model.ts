import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dataError, messageOf } from '../base/errors.ts';
import { type Shape, sizeOf } from '../base/tensor.ts';
import { embedded, lengthOf, type ProtoPiece, piece } from './proto-stream.ts';
import { SAVED_MODEL_DESCRIPTOR } from './saved-model-descriptor.ts';

/** `DataType` of TensorFlow's types.proto. */
export const TF_TYPES = { float32: 1, int32: 3, uint8: 4, string: 7 } as const;
export type TfType = keyof typeof TF_TYPES;

export type TfAttribute =
  | { readonly type: TfType }
  | { readonly string: string }
  | { readonly float: number }
  | { readonly int: number }
  | { readonly bool: boolean }
  | { readonly ints: readonly number[] }
  /** -1 is an open size. */
  | { readonly shape: Shape };

/** An operator of the graph; its first output has its name. */
export interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, TfAttribute>>;
}

export interface TfConstant {
  readonly name: string;
  readonly shape: Shape;
  readonly type: 'float32' | 'int32';
  /** Made when it is written, so that one tensor at a time is in memory. */
  readonly data: () => Float32Array | Int32Array;
}

/** An input or output of the signature, called as the node is. */
export interface TfValue {
  readonly name: string;
  readonly type: TfType;
  readonly shape: Shape;
}

export interface SavedModel {
  readonly constants: readonly TfConstant[];
  /** The nodes in topological order. */
  readonly nodes: readonly TfNode[];
  readonly input: TfValue;
  readonly output: TfValue;
  /** Files below `assets/`. */
  readonly assets: Readonly<Record<string, string>>;
}

export const SAVED_MODEL_FILE = 'saved_model.pb';
export const SERVE_TAG = 'serve';
export const SIGNATURE = 'serving_default';
/** GraphDef version of TensorFlow 2.8 (2022), whose operators every later release reads. */
const VERSIONS = { producer: 987, minConsumer: 12 };

const root = protobuf.Root.fromJSON(SAVED_MODEL_DESCRIPTOR);
const messageType = (name: string) => root.lookupType(`tensorflow.${name}`);

/** Field numbers on the way from the file down to a constant's bytes. */
const FIELDS = { metaGraph: 2, graph: 2, node: 1, attr: 5, value: 2, tensor: 8, content: 4 };

/**
 * Writes TensorFlow's SavedModel into a folder that is there: a frozen graph, with the weights as
 * constants in `saved_model.pb`, and so without a `variables` folder.
 * https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk
 *
 * @throws RangeError above 2 GiB, which is the most a protobuf message may have
 */
export async function writeSavedModel(folder: string, model: SavedModel): Promise<void> {
  const pieces = modelPieces(model);
  const bytes = lengthOf(pieces);
  if (bytes >= 2 ** 31) throw new RangeError(`saved_model.pb holds less than 2 GiB, not ${bytes}`);
  await writeFileAtomic(join(folder, SAVED_MODEL_FILE), async (file) => {
    for (const { bytes: make } of pieces) await file.writeFile(make());
  });
  for (const [name, text] of Object.entries(model.assets)) {
    await writeFileAtomic(join(folder, 'assets', name), text);
  }
}

function modelPieces(model: SavedModel): ProtoPiece[] {
  const { nodes, constants, assets } = model;
  const graph = [
    ...constants.flatMap((constant) => embedded(FIELDS.node, constantPieces(constant))),
    encoded('GraphDef', {
      node: [...nodes.map(nodeMessage), ...Object.keys(assets).map(assetNode)],
      versions: VERSIONS,
    }),
  ];
  const rest = encoded('MetaGraphDef', {
    metaInfo: { tags: [SERVE_TAG], tensorflowVersion: '2.8.0' },
    signatures: [{ key: SIGNATURE, value: signature(model) }],
    assets: Object.keys(assets).map((fileName) => ({
      tensor: { name: `${assetName(fileName)}:0`, dtype: TF_TYPES.string, tensorShape: {} },
      fileName,
    })),
  });
  const metaGraph = [...embedded(FIELDS.graph, graph), rest];
  return [encoded('SavedModel', { schemaVersion: 1 }), ...embedded(FIELDS.metaGraph, metaGraph)];
}

function encoded(type: string, value: object): ProtoPiece {
  return piece(messageType(type).encode(messageType(type).fromObject(value)).finish());
}

/** A node of `Const` whose bytes are made when they are written. */
function constantPieces({ name, type, shape, data }: TfConstant): ProtoPiece[] {
  const content: ProtoPiece = {
    length: 4 * sizeOf(shape),
    bytes: () => {
      const values = data();
      if (values.length !== sizeOf(shape)) {
        throw new RangeError(`${name} has ${values.length} elements, not [${shape}]`);
      }
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    },
  };
  const dtype = TF_TYPES[type];
  const tensor = [
    encoded('TensorProto', { dtype, tensorShape: shapeMessage(shape) }),
    ...embedded(FIELDS.content, [content]),
  ];
  const value = [
    encoded('AttrEntry', { key: 'value' }),
    ...embedded(FIELDS.value, embedded(FIELDS.tensor, tensor)),
  ];
  const head = { name, op: 'Const', attr: [{ key: 'dtype', value: { type: dtype } }] };
  return [encoded('NodeDef', head), ...embedded(FIELDS.attr, value)];
}

function nodeMessage({ name, op, inputs, attributes }: TfNode): object {
  const attr = Object.entries(attributes).map(([key, attribute]) => ({
    key,
    value: attributeMessage(attribute),
  }));
  return { name, op, input: inputs, attr };
}

function attributeMessage(attribute: TfAttribute): object {
  if ('type' in attribute) return { type: TF_TYPES[attribute.type] };
  if ('string' in attribute) return { s: Buffer.from(attribute.string) };
  if ('float' in attribute) return { f: attribute.float };
  if ('bool' in attribute) return { b: attribute.bool };
  if ('int' in attribute) return { i: attribute.int };
  if ('ints' in attribute) return { list: { i: attribute.ints } };
  return { shape: shapeMessage(attribute.shape) };
}

const shapeMessage = (shape: Shape) => ({ dim: shape.map((size) => ({ size })) });

/** The tensor in which TensorFlow gives a graph the path of an asset. */
const assetName = (file: string) => `asset_${file.replace(/\W/g, '_')}`;

function assetNode(file: string): object {
  const tensor = { dtype: TF_TYPES.string, tensorShape: {}, stringVal: [Buffer.from(file)] };
  const attr = [
    { key: 'dtype', value: { type: TF_TYPES.string } },
    { key: 'value', value: { tensor } },
  ];
  return { name: assetName(file), op: 'Const', attr };
}

function signature({ input, output }: SavedModel): object {
  const info = ({ name, type, shape }: TfValue) => ({
    key: name,
    value: { name: `${name}:0`, dtype: TF_TYPES[type], tensorShape: shapeMessage(shape) },
  });
  const methodName = 'tensorflow/serving/predict';
  return { inputs: [info(input)], outputs: [info(output)], methodName };
}

/** A file as it is: what `toObject` gives for the descriptor's fields. */
export interface SavedModelGraph {
  readonly node: readonly SavedModelNode[];
  readonly versions: { readonly producer: number; readonly minConsumer: number };
}

export interface SavedModelNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: readonly { readonly key: string; readonly value: SavedModelAttribute }[];
}

export interface SavedModelAttribute {
  readonly list?: { readonly i: readonly number[] };
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: { readonly dim: readonly { readonly size: number }[] };
  readonly tensor?: {
    readonly dtype: number;
    readonly tensorShape: { readonly dim: readonly { readonly size: number }[] };
    readonly tensorContent: Uint8Array;
  };
}

/**
 * Reads the graph of a SavedModel; tensors are views into the file's bytes.
 * @throws VggtuneError (data) when the file is none
 */
export async function readSavedModelGraph(folder: string): Promise<SavedModelGraph> {
  const path = join(folder, SAVED_MODEL_FILE);
  try {
    const type = messageType('SavedModel');
    const options = { longs: Number, arrays: true };
    const { metaGraphs } = type.toObject(type.decode(await readFile(path)), options) as {
      metaGraphs: { graph?: SavedModelGraph }[];
    };
    const graph = metaGraphs[0]?.graph;
    if (graph === undefined) throw new Error('the message has no graph');
    return graph;
  } catch (error) {
    throw dataError('not a SavedModel', {
      expected: 'a protobuf SavedModel with a graph',
      found: messageOf(error),
      where: path,
      fix: 'check that the file is complete',
      cause: error,
    });
  }
}
