import { type Shape, sizeOf } from '../base/tensor.ts';
import type { PickleConstructor } from './pickle.ts';
import { PickleOpaque } from './pickle-opaque.ts';

/** What `torch.FloatStorage` and its like stand for: the element type of a storage. */
const STORAGE_TYPES = {
  FloatStorage: { dtype: 'float32', bytes: 4 },
  HalfStorage: { dtype: 'float16', bytes: 2 },
  BFloat16Storage: { dtype: 'bfloat16', bytes: 2 },
  DoubleStorage: { dtype: 'float64', bytes: 8 },
  LongStorage: { dtype: 'int64', bytes: 8 },
  IntStorage: { dtype: 'int32', bytes: 4 },
  ShortStorage: { dtype: 'int16', bytes: 2 },
  CharStorage: { dtype: 'int8', bytes: 1 },
  ByteStorage: { dtype: 'uint8', bytes: 1 },
  BoolStorage: { dtype: 'bool', bytes: 1 },
} as const;

class StorageType implements PickleConstructor {
  readonly build = undefined;
  readonly dtype: string;
  readonly bytes: number;
  constructor(row: { dtype: string; bytes: number }) {
    this.dtype = row.dtype;
    this.bytes = row.bytes;
  }
}

/** A run of elements in the file, which one or more tensors look at. */
export class TorchStorage {
  readonly key: string;
  readonly dtype: string;
  readonly elementBytes: number;
  readonly elements: number;
  constructor(type: StorageType, key: string, elements: number) {
    this.key = key;
    this.dtype = type.dtype;
    this.elementBytes = type.bytes;
    this.elements = elements;
  }
}

/** A tensor as a view of its storage; offset and strides count elements. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: Shape;
  constructor(storage: TorchStorage, view: { offset: number; shape: Shape; strides: Shape }) {
    this.storage = storage;
    this.offset = view.offset;
    this.shape = view.shape;
    this.strides = view.strides;
  }

  /** How many elements lie between its first and its last, both included. */
  get span(): number {
    if (sizeOf(this.shape) === 0) return 0;
    return this.shape.reduce((sum, size, axis) => sum + (size - 1) * (this.strides[axis] ?? 0), 1);
  }

  get contiguous(): boolean {
    let step = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const size = this.shape[axis] ?? 0;
      if (size !== 1 && this.strides[axis] !== step) return false;
      step *= size;
    }
    return true;
  }
}

/** The few constructors that a state dict needs; a pickle that names any other is refused. */
export const STATE_DICT_CONSTRUCTORS: ReadonlyMap<string, PickleConstructor> = new Map<
  string,
  PickleConstructor
>([
  ['collections.OrderedDict', { build: buildDict }],
  ['torch._utils._rebuild_tensor_v2', { build: buildTensor }],
  ['torch._utils._rebuild_tensor', { build: buildTensor }],
  ['torch._utils._rebuild_parameter', { build: ([data]) => data }],
  ['torch._utils._rebuild_parameter_with_state', { build: ([data]) => data }],
  ['torch._tensor._rebuild_from_type_v2', { build: buildFromType }],
  ['collections.defaultdict', { build: () => new Map() }],
  ...Object.entries(STORAGE_TYPES).map(
    ([name, row]) => [`torch.${name}`, new StorageType(row)] as const,
  ),
]);

/**
 * A tensor of a class of its own, or with attributes: (function, class, arguments, attributes) of what it would
 * be without them.
 */
function buildFromType([rebuild, , args]: readonly unknown[]): unknown {
  const known = [...STATE_DICT_CONSTRUCTORS.values()].find((found) => found === rebuild);
  return Array.isArray(args) ? known?.build?.(args) : undefined;
}

/** ('storage', type, key, device, elements, ...): the persistent id of a storage. */
export function storageOf(id: unknown): TorchStorage | PickleOpaque | undefined {
  if (!Array.isArray(id)) return undefined;
  const [kind, type, key, , elements, view] = id as unknown[];
  // Complex or quantised numbers, say: the tensor is none that a VGG has.
  if (kind === 'storage' && type instanceof PickleOpaque) return type;
  // Torch before 1.0 could save views of a storage; nothing has done so since.
  if (kind !== 'storage' || !(type instanceof StorageType) || (view ?? null) !== null)
    return undefined;
  if (typeof key !== 'string' || !isIndex(elements)) return undefined;
  return new TorchStorage(type, key, elements);
}

function buildDict([items]: readonly unknown[]): unknown {
  if (items === undefined) return new Map();
  if (!Array.isArray(items)) return undefined;
  const pairs = items.filter((item): item is [unknown, unknown] => Array.isArray(item));
  return pairs.length === items.length ? new Map(pairs) : undefined;
}

function buildTensor([storage, offset, shape, strides]: readonly unknown[]): unknown {
  if (storage instanceof PickleOpaque) return storage;
  if (!(storage instanceof TorchStorage) || !isIndex(offset)) return undefined;
  if (!isIndexList(shape) || !isIndexList(strides) || shape.length !== strides.length) {
    return undefined;
  }
  const tensor = new TorchTensor(storage, { offset, shape: [...shape], strides: [...strides] });
  // An expanded tensor (stride 0) may claim any size: what it holds can be no more than its storage.
  const fits = sizeOf(shape) <= storage.elements && offset + tensor.span <= storage.elements;
  return fits ? tensor : undefined;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isIndexList(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= 16 && value.every(isIndex);
}
