import { dataError } from '../base/errors.ts';
import { sizeOf, type Tensor } from '../base/tensor.ts';
import { type ByteSource, expectRange, readRange } from './byte-source.ts';
import { readFloats } from './dtype.ts';
import { unpickle } from './pickle.ts';
import { opaqueName, stateDictAdvice } from './pickle-opaque.ts';
import { findTensors } from './state-dicts.ts';
import { noSuchTensor, type TensorFile } from './tensor-file.ts';
import {
  STATE_DICT_CONSTRUCTORS,
  storageOf,
  TorchStorage,
  type TorchTensor,
} from './torch-records.ts';
import { readZipDirectory } from './zip-directory.ts';

/** A pickle describes tensors, some hundred bytes each, and what a trainer logs; a hostile one is kept small. */
const MAX_PICKLE_BYTES = 2 ** 24;
/** The first pickle of the older form, and the second: torch/serialization.py. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** Where the bytes of a storage are. @throws VggtuneError (data) */
type Locate = (storage: TorchStorage) => Promise<number>;

/** Whether the file starts as the older form does: with a pickle. Zip files start with `PK`. */
export function looksLikePickle(start: Uint8Array): boolean {
  return start[0] === 0x80 && (start[1] ?? 0) >= 2 && (start[1] ?? 9) <= 5;
}

/**
 * Opens what `torch.save` wrote: the zip form (since PyTorch 1.6), or the older sequence of pickles.
 * Only the pickle is read; the tensors' bytes are read by ranges. Nothing in the pickle is run.
 * @throws VggtuneError (data)
 */
export async function openTorch(source: ByteSource): Promise<TensorFile> {
  const start = await readRange(source, 0, Math.min(4, source.size));
  const { value, locate } = looksLikePickle(start)
    ? await readLegacy(source)
    : await readZip(source);
  const tensors = stateDictOf(source, value);
  const infos = [...tensors].map(
    ([name, { shape, storage }]) => [name, { shape, dtype: storage.dtype }] as const,
  );
  return {
    format: 'pytorch',
    where: source.where,
    tensors: new Map(infos),
    metadata: {},
    ordered: true,
    async read(name) {
      const record = tensors.get(name);
      if (record === undefined) throw noSuchTensor(source.where, name, tensors.keys());
      return readTensor({ source, name, start: await locate(record.storage) }, record);
    },
    close: () => source.close(),
  };
}

interface Saved {
  readonly value: unknown;
  readonly locate: Locate;
}

async function readZip(source: ByteSource): Promise<Saved> {
  const directory = await readZipDirectory(source);
  refusePrograms(source, [...directory.keys()]);
  const pickleName = [...directory.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  const member = await directory.get(pickleName ?? '')?.locate();
  if (pickleName === undefined || member === undefined) {
    throw notTorch(source, 'a zip file without data.pkl');
  }
  const prefix = pickleName.slice(0, -'data.pkl'.length);
  await expectLittleEndian(source, await directory.get(`${prefix}byteorder`)?.locate());
  if (member.size > MAX_PICKLE_BYTES) throw notTorch(source, `a pickle of ${member.size} bytes`);
  const bytes = await readRange(source, member.start, member.size);
  const { value } = unpickle(bytes, pickleOptions(source));
  const locate: Locate = async (storage) => {
    const data = await directory.get(`${prefix}data/${storage.key}`)?.locate();
    if (data === undefined || data.size < storage.elements * storage.elementBytes) {
      throw notTorch(source, `no whole member data/${storage.key}`);
    }
    return data.start;
  };
  return { value, locate };
}

/** Files of `torch.jit.save` and `torch.export.save` are zip files of a program with its weights. */
function refusePrograms(source: ByteSource, names: readonly string[]): void {
  const script = names.some((name) => /^[^/]*\/code\/.*\.py$/.test(name));
  const exported = names.some((name) =>
    /(^|\/)(serialized_exported_program\.json|archive_format)$/.test(name),
  );
  if (!script && !exported) return;
  const maker = script ? 'torch.jit' : 'torch.export';
  const load = script ? 'torch.jit.load(path)' : 'torch.export.load(path)';
  throw dataError(`${source.where} holds a program of ${maker}, and no state dict`, {
    expected: 'a state dict: names and tensors',
    found: `what ${maker}.save writes`,
    where: source.where,
    fix: `nothing was run; save the state dict alone: torch.save(${load}.state_dict(), "weights.pth")`,
  });
}

async function expectLittleEndian(
  source: ByteSource,
  member: { start: number; size: number } | undefined,
): Promise<void> {
  if (member === undefined) return;
  const text = await readRange(source, member.start, Math.min(member.size, 16));
  if (new TextDecoder().decode(text).trim() === 'little') return;
  throw notTorch(source, 'big-endian tensors');
}

/**
 * The older form: pickles of a magic number, a protocol, the system, the state dict and the keys of
 * the storages; then each storage, in the order of the keys, behind its number of elements.
 */
async function readLegacy(source: ByteSource): Promise<Saved> {
  const bytes = await readRange(source, 0, Math.min(source.size, MAX_PICKLE_BYTES));
  const storages = new Map<string, TorchStorage>();
  let end = 0;
  const next = (): unknown => {
    const result = unpickle(bytes.subarray(end), pickleOptions(source, storages));
    end += result.end;
    return result.value;
  };
  if (next() !== LEGACY_MAGIC) throw notTorch(source, 'a pickle that torch.save did not write');
  const protocol = next();
  if (protocol !== LEGACY_PROTOCOL) throw notTorch(source, 'an unknown version of the older form');
  const system = next();
  if (system instanceof Map && system.get('little_endian') === false) {
    throw notTorch(source, 'big-endian tensors');
  }
  const value = next();
  const starts = await legacyStarts({ source, storages, keys: next(), end });
  const locate: Locate = async ({ key }) => {
    const start = starts.get(key);
    if (start === undefined) throw notTorch(source, `no storage ${key}`);
    return start;
  };
  return { value, locate };
}

async function legacyStarts(layout: {
  source: ByteSource;
  storages: ReadonlyMap<string, TorchStorage>;
  keys: unknown;
  end: number;
}): Promise<ReadonlyMap<string, number>> {
  const { source, storages, keys } = layout;
  if (!Array.isArray(keys)) throw notTorch(source, 'no list of storages');
  const starts = new Map<string, number>();
  let at = layout.end;
  for (const key of keys as unknown[]) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined) throw notTorch(source, 'a storage that no tensor uses');
    const count = new DataView((await readRange(source, at, 8)).buffer).getBigInt64(0, true);
    if (count !== BigInt(storage.elements)) {
      throw notTorch(
        source,
        `${count} elements where storage ${storage.key} has ${storage.elements}`,
      );
    }
    starts.set(storage.key, at + 8);
    at += 8 + storage.elements * storage.elementBytes;
    expectRange(source, 0, at);
  }
  return starts;
}

function pickleOptions(source: ByteSource, storages?: Map<string, TorchStorage>) {
  const persistent = (id: unknown): unknown => {
    const storage = storageOf(id);
    if (storage instanceof TorchStorage) storages?.set(storage.key, storage);
    return storage;
  };
  const constructors = STATE_DICT_CONSTRUCTORS;
  return { where: source.where, constructors, persistent, opaque: opaqueName };
}

function stateDictOf(source: ByteSource, value: unknown): ReadonlyMap<string, TorchTensor> {
  const { tensors, objects } = findTensors(value);
  if (tensors.size > 0) return tensors;
  const [object] = objects;
  if (object !== undefined) throw wholeObject(source, object);
  const keys =
    value instanceof Map ? [...value.keys()].filter((key) => typeof key === 'string') : [];
  throw notTorch(source, keys.length > 0 ? `a dict of ${keys.slice(0, 8)}` : 'no dict of tensors');
}

async function readTensor(
  place: { source: ByteSource; name: string; start: number },
  record: TorchTensor,
): Promise<Tensor> {
  const { source, name } = place;
  const { dtype, elementBytes } = record.storage;
  const start = place.start + record.offset * elementBytes;
  if (record.contiguous) return readFloats(source, { name, dtype, shape: record.shape, start });
  const span = await readFloats(source, { name, dtype, shape: [record.span], start });
  return { shape: record.shape, data: gather(span.data, record) };
}

/** The elements of a transposed or otherwise strided tensor, in row-major order. */
function gather(span: Float32Array, { shape, strides }: TorchTensor): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = span[from] ?? Number.NaN;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        from += stride;
        break;
      }
      index[axis] = 0;
      from -= (next - 1) * stride;
    }
  }
  return data;
}

/** A model that was saved whole, say: to read it, Python would run the code of its class. */
function wholeObject(source: ByteSource, { key, name }: { key: string; name: string }): Error {
  const place = key === '' ? '' : `, under the key ${JSON.stringify(key.slice(0, 100))}`;
  const className = JSON.stringify(name.slice(0, 200));
  return dataError(`${source.where} holds an object of ${className}, and no state dict`, {
    expected: 'a state dict: names and tensors',
    found: `${className}${place}`,
    where: source.where,
    fix: `nothing was run; ${stateDictAdvice(name)}`,
  });
}

function notTorch(source: ByteSource, found: string): Error {
  return dataError(`${source.where} is not a whole PyTorch state dict`, {
    expected: 'what torch.save(model.state_dict(), path) writes',
    found,
    where: source.where,
    fix: 'copy or download the file again, or save the state dict again',
  });
}
