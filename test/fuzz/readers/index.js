/** Every reader of the product that takes what somebody else may have made, by its name. */
export const READERS = [
  'safetensors',
  'pickle',
  'zip',
  'hdf5',
  'onnx',
  'csv',
  'jsonl',
  'archive',
  'config',
  'image',
  'checkpoint',
  'events',
  'records',
  'model',
  'recognise',
  'cache',
];

/**
 * @typedef {object} Reader
 * @property {readonly Buffer[]} seeds valid inputs, and such that are refused for a known reason
 * @property {readonly Buffer[]} tokens words of the format
 * @property {(bytes: Buffer) => unknown} read the product's own way of reading it
 * @property {((bytes: Buffer, tools: object) => Buffer | undefined)} [make] a change that keeps the
 *   lengths and checksums right; undefined, or an error, where these bytes have no form to keep
 * @property {Function} typed the class of the errors that may come out
 */

/**
 * @param {string} name
 * @param {{load: (module: string) => Promise<object>, folder: string, module?: string}} of load:
 *   imports a module of the product, such as `formats/open`; folder: for files; module: of a reader
 *   that is not in the list, for tests of the fuzzer itself
 * @returns {Promise<Reader>}
 */
export async function createReader(name, of) {
  const { create } = await import(of.module ?? `./${name}.js`);
  const { VggtuneError } = await of.load('base/errors');
  return { ...(await create(of)), typed: VggtuneError };
}
