import { dataError } from '../base/errors.ts';
import { type ByteSource, openFileSource, readRange } from './byte-source.ts';
import { type ForeignFormat, foreignFormat, foreignZip, TAR_MARK } from './foreign-formats.ts';
import type { TensorFile, TensorFormat } from './tensor-file.ts';
import { looksLikePickle } from './torch-pickle.ts';
import { readZipDirectory } from './zip-directory.ts';

/** Enough to tell a format, also one that is not read. */
const START_BYTES = TAR_MARK.at + TAR_MARK.text.length;

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
  const start = await readRange(source, 0, Math.min(source.size, START_BYTES));
  const format = formatOf(start, source.size);
  if (format === undefined) throw unknownFormat(source, start);
  const open = await OPENERS[format === 'zip' ? await zipFormat(source) : format]();
  return open(source);
}

/** A zip file is one of PyTorch or of Keras 3, by what is in it. */
async function zipFormat(source: ByteSource): Promise<TensorFormat> {
  const names = [...(await readZipDirectory(source)).keys()];
  if (names.includes('model.weights.h5')) return 'keras';
  const other = foreignZip(names);
  if (other !== undefined) throw notWeights(source, other);
  return 'pytorch';
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
  const empty = start.length === 0;
  const known = empty ? undefined : foreignFormat(start, source.where);
  const hex = Buffer.from(start.subarray(0, 8)).toString('hex');
  return notWeights(source, {
    found: known?.found ?? (empty ? 'an empty file' : `a file that starts with ${hex}`),
    fix: known?.fix ?? 'name a weights file, or download it again',
  });
}

function notWeights(source: ByteSource, facts: ForeignFormat): Error {
  return dataError(`${source.where} is no weights file`, {
    expected: 'safetensors, PyTorch (.pth), Keras (.h5, .keras) or ONNX',
    where: source.where,
    ...facts,
  });
}
