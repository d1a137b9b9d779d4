import { dataError } from '../base/errors.ts';
import { sizeOf } from '../base/tensor.ts';
import { type ByteSource, memorySource, readRange } from './byte-source.ts';
import { readFloats } from './dtype.ts';
import { decodeOnnx, type OnnxTensor } from './onnx-proto.ts';
import { noSuchTensor, type TensorFile } from './tensor-file.ts';

/** A protobuf message has less than 2 GiB. */
const MAX_BYTES = 2 ** 31;

/**
 * Opens an ONNX model as a file of tensors: its initializers, which in the exports of this project
 * have canonical names and layouts. The message is in memory whole.
 * @throws VggtuneError (data)
 */
export async function openOnnxTensors(source: ByteSource): Promise<TensorFile> {
  if (source.size >= MAX_BYTES) throw tooLarge(source);
  const bytes = await readRange(source, 0, source.size);
  const { initializers, metadata } = decodeOnnx(bytes, source.where);
  const tensors = new Map(initializers.map((tensor) => [tensor.name, infoOf(source, tensor)]));
  return {
    format: 'onnx',
    where: source.where,
    tensors,
    metadata,
    async read(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw noSuchTensor(source.where, name, tensors.keys());
      return readFloats(memorySource(tensor.bytes, source.where), { name, ...tensor, start: 0 });
    },
    close: () => source.close(),
  };
}

function infoOf(source: ByteSource, { name, type, shape, bytes }: OnnxTensor) {
  const valid = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (valid && (type !== 'float32' || bytes.length === 4 * sizeOf(shape))) {
    return { dtype: type, shape, bytes };
  }
  throw dataError(`${source.where} holds a damaged tensor "${name}"`, {
    expected: `as many bytes as a shape of [${shape}] takes`,
    found: `${bytes.length} bytes`,
    where: source.where,
    fix: 'the file is damaged, or keeps its weights outside: export the model again as one file',
  });
}

function tooLarge(source: ByteSource): Error {
  return dataError(`${source.where} is too large for an ONNX model`, {
    expected: 'less than 2 GiB',
    found: `${source.size} bytes`,
    where: source.where,
  });
}
