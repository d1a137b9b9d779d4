import { dataError } from '../base/errors.ts';
import { type ByteSource, openFileSource, readRange } from './byte-source.ts';
import type { TensorFile, TensorFormat } from './tensor-file.ts';
import { looksLikePickle } from './torch-pickle.ts';
import { readZipDirectory } from './zip-directory.ts';

type Opener = (source: ByteSource) => Promise<TensorFile>;

/** Each format is loaded when a file of it is opened. */
const OPENERS: Readonly<Record<TensorFormat, () => Promise<Opener>>> = {
  safetensors: async () => (await import('./safetensors.ts')).openSafetensors,
  pytorch: async () => (await import('./torch-pickle.ts')).openTorch,
  'keras-h5': async () => (await import('./hdf5/keras-layers.ts')).openKerasHdf5,
  keras: async () => (await import('./hdf5/keras-archive.ts')).openKerasArchive,
  onnx: async () => (await import('./onnx-tensors.ts')).openOnnxTensors,
};

/**
 * Opens a file of tensors by what it holds, whatever it is called. The caller closes it.
 * @throws VggtuneError (data) when it is of no known format, or damaged
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  const source = await openFileSource(path);
  try {
    return await openTensorSource(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The same for bytes that are not in a file. */
export async function openTensorSource(source: ByteSource): Promise<TensorFile> {
  const start = await readRange(source, 0, Math.min(source.size, 64));
  const format = formatOf(start, source.size);
  if (format === undefined) throw unknownFormat(source, start);
  const open = await OPENERS[format === 'zip' ? await zipFormat(source) : format]();
  return open(source);
}

/** A zip file is one of PyTorch or of Keras 3, by what is in it. */
async function zipFormat(source: ByteSource): Promise<TensorFormat> {
  const names = [...(await readZipDirectory(source)).keys()];
  return names.includes('model.weights.h5') ? 'keras' : 'pytorch';
}

/** The format by the first bytes of a file; `size` is the whole file's. */
function formatOf(start: Uint8Array, size: number): TensorFormat | 'zip' | undefined {
  const text = Buffer.from(start).toString('latin1');
  if (text.startsWith('\x89HDF\r\n\x1a\n')) return 'keras-h5';
  if (text.startsWith('PK\x03\x04')) return 'zip';
  if (looksLikePickle(start)) return 'pytorch';
  // A header's length below 2^32, then JSON; before ONNX, which starts with a small number too.
  if (size > 8 && /^.{4}\0{4}\s*[{"]/s.test(text)) return 'safetensors';
  return looksLikeOnnx(start) ? 'onnx' : undefined;
}

/** Field 1, the version of the intermediate form, then the tag of another field of ModelProto. */
function looksLikeOnnx([first, version = 0, next = 0]: Uint8Array): boolean {
  const field = next >> 3;
  const [varint, delimited] = [0, 2];
  const known = (next & 7) === (field === 5 ? varint : delimited);
  return first === 0x08 && version >= 3 && version < 0x20 && field >= 2 && field <= 25 && known;
}

function unknownFormat(source: ByteSource, start: Uint8Array): Error {
  const text = Buffer.from(start).toString('latin1');
  const fix = 'name a weights file, or download it again';
  const facts = {
    expected: 'safetensors, PyTorch (.pth), Keras (.h5, .keras) or ONNX',
    where: source.where,
  };
  const message = `${source.where} is no weights file`;
  if (start.length === 0) return dataError(message, { ...facts, found: 'an empty file', fix });
  if (/^\s*<(!doctype|html)/i.test(text)) {
    const why = 'a web page: the download led to a page that wants something';
    return dataError(message, { ...facts, found: why, fix });
  }
  if (text.startsWith('version https://git-lfs')) {
    const pull = 'fetch the file itself: git lfs pull';
    return dataError(message, { ...facts, found: 'a pointer of Git LFS', fix: pull });
  }
  const hex = Buffer.from(start.subarray(0, 8)).toString('hex');
  return dataError(message, { ...facts, found: `a file that starts with ${hex}`, fix });
}
