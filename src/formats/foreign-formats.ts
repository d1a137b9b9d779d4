/** A kind of weights file that is not read, or something else that lies where one should be. */
export interface ForeignFormat {
  readonly found: string;
  readonly fix: string;
}

const AS_STATE_DICT =
  'load it in its own software, and save the tensors under their names with torch.save or safetensors';

/** By the first bytes, as latin1. */
const BY_START: readonly (readonly [RegExp, ForeignFormat])[] = [
  [
    /^\x93NUMPY/,
    {
      found: 'an array of NumPy (.npy)',
      fix: 'load it with numpy, and save its arrays under their names with safetensors.numpy.save_file',
    },
  ],
  [/^.{4}TFL3/s, { found: 'a model of TensorFlow Lite', fix: AS_STATE_DICT }],
  [/^MATLAB /, { found: 'a file of MATLAB (.mat)', fix: AS_STATE_DICT }],
  [
    // gzip, bzip2, xz, 7z, RAR, Zstandard.
    /^(.\x8b.\S|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd)/s,
    { found: 'a packed file', fix: 'unpack it, and name the weights file in it' },
  ],
  [
    /^version https:\/\/git-lfs/,
    { found: 'a pointer of Git LFS', fix: 'fetch the file itself: git lfs pull' },
  ],
  [
    /^\s*<(!doctype|html)/i,
    {
      found: 'a web page: the download led to a page that wants something',
      fix: 'name a weights file, or download it again',
    },
  ],
];

/** By how a name ends, where the first bytes say nothing. */
const BY_ENDING: readonly (readonly [RegExp, ForeignFormat])[] = [
  [/\.(caffemodel|prototxt)$/i, { found: 'a model of Caffe', fix: AS_STATE_DICT }],
  [
    /\.(pb|meta|index|ckpt|data-\d+-of-\d+)$/i,
    {
      found: 'a model or checkpoint of TensorFlow',
      fix: 'load it in TensorFlow, and save it from Keras as .h5 or .keras, or as ONNX with tf2onnx',
    },
  ],
  [/\.(msgpack|orbax)$/i, { found: 'a checkpoint of Flax', fix: AS_STATE_DICT }],
  [/\.(mlmodel|mlpackage)$/i, { found: 'a model of Core ML', fix: AS_STATE_DICT }],
  [/\.weights$/i, { found: 'weights of Darknet', fix: AS_STATE_DICT }],
];

/** The mark of a tar archive, at byte 257 (POSIX ustar, GNU). */
export const TAR_MARK = { at: 257, text: 'ustar' } as const;

/**
 * What a file is that no reader takes.
 * @param start its first bytes, up to those of `TAR_MARK`
 */
export function foreignFormat(start: Uint8Array, name: string): ForeignFormat | undefined {
  const text = Buffer.from(start).toString('latin1');
  if (text.startsWith(TAR_MARK.text, TAR_MARK.at)) {
    return { found: 'a tar archive', fix: 'unpack it, and name the weights file in it' };
  }
  const known = BY_START.find(([pattern]) => pattern.test(text));
  return (known ?? BY_ENDING.find(([pattern]) => pattern.test(name)))?.[1];
}

/** Members that all forms of PyTorch have, also those of torch.jit and torch.export. */
const TORCH_MEMBER = /(^|[/.])(data\.pkl|version|byteorder|archive_format)$/;

/** What a zip file is that neither PyTorch nor Keras wrote, by the names in it. */
export function foreignZip(names: readonly string[]): ForeignFormat | undefined {
  if (names.some((name) => TORCH_MEMBER.test(name))) return undefined;
  if (names.length > 0 && names.every((name) => name.endsWith('.npy'))) {
    return {
      found: 'arrays of NumPy (.npz)',
      fix: 'safetensors.numpy.save_file(dict(numpy.load(FILE)), OUT)',
    };
  }
  const inner = names.find((name) => /\.(pth?|ckpt|bin|safetensors|h5|keras|onnx)$/i.test(name));
  if (inner === undefined) return undefined;
  return {
    found: `an archive of ${JSON.stringify(inner.slice(0, 200))}`,
    fix: 'unpack it, and name the weights file in it',
  };
}
