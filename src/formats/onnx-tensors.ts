import { dataError } from '../base/errors.ts';
import { type Shape, sizeOf } from '../base/tensor.ts';
import { type ByteSource, memorySource, readRange } from './byte-source.ts';
import { floatBytes, isFloatType, readFloats } from './dtype.ts';
import { constantsOf, type OnnxExternal, type OnnxTensor } from './onnx-model.ts';
import { decodeOnnx } from './onnx-proto.ts';
import { noSuchTensor, type TensorFile } from './tensor-file.ts';

/** A protobuf message has less than 2 GiB. */
const MAX_BYTES = 2 ** 31;

/**
 * Opens an ONNX model as a file of tensors: its initializers and constants under their own names, which in the
 * exports of this project are canonical, and the graph that uses them. The message is in memory whole; bytes that are
 * kept in a file beside it are read from there.
 * @throws VggtuneError (data)
 */
export async function openOnnxTensors(source: ByteSource): Promise<TensorFile> {
  if (source.size >= MAX_BYTES) throw tooLarge(source);
  const bytes = await readRange(source, 0, source.size);
  const graph = decodeOnnx(bytes, source.where);
  const tensors = new Map(
    constantsOf(graph).map((tensor) => [tensor.name, infoOf(source, tensor)]),
  );
  return {
    format: 'onnx',
    where: source.where,
    tensors,
    metadata: graph.metadata,
    graph,
    async read(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw noSuchTensor(source.where, name, tensors.keys());
      const range = { name, dtype: tensor.dtype, shape: tensor.shape };
      if (tensor.external === undefined) {
        return readFloats(memorySource(tensor.bytes, source.where), { ...range, start: 0 });
      }
      const beside = await openBeside(source, name, tensor.external);
      try {
        return await readFloats(beside, { ...range, start: tensor.external.offset });
      } finally {
        await beside.close();
      }
    },
    close: () => source.close(),
  };
}

interface OnnxInfo {
  readonly dtype: string;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
  readonly external: OnnxExternal | undefined;
}

function infoOf(source: ByteSource, tensor: OnnxTensor): OnnxInfo {
  const { name, type, shape, bytes, external } = tensor;
  const valid = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  const wanted = isFloatType(type) ? floatBytes(type) * sizeOf(shape) : bytes.length;
  const here = external === undefined ? bytes.length : (external.length ?? wanted);
  if (valid && here === wanted) return { dtype: type, shape, bytes, external };
  throw dataError(`${source.where} holds a damaged tensor "${name}"`, {
    expected: `as many bytes as a shape of [${shape}] takes`,
    found: `${here} bytes`,
    where: source.where,
    fix: 'the file is damaged: export the model again',
  });
}

/** Only a plain name is followed, into the model's own folder. */
const PLAIN_NAME = /^(?!\.\.?$)[^/\\\0:]{1,255}$/;

async function openBeside(
  source: ByteSource,
  tensor: string,
  { location, offset }: OnnxExternal,
): Promise<ByteSource> {
  const plain = PLAIN_NAME.test(location) && Number.isSafeInteger(offset) && offset >= 0;
  if (plain && source.sibling !== undefined) return source.sibling(location);
  throw dataError(`${source.where} keeps the tensor "${tensor}" outside`, {
    expected: 'its bytes in the same file, or in a file beside it',
    found: JSON.stringify(location.slice(0, 200)),
    where: source.where,
    fix: 'export the model again as one file',
  });
}

function tooLarge(source: ByteSource): Error {
  return dataError(`${source.where} is too large for an ONNX model`, {
    expected: 'less than 2 GiB',
    found: `${source.size} bytes`,
    where: source.where,
  });
}
