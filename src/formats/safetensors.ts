import type { FileHandle } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dataError } from '../base/errors.ts';
import { type NamedTensors, type Shape, sizeOf } from '../base/tensor.ts';
import { type ByteSource, openFileSource, readRange } from './byte-source.ts';
import { readFloats } from './dtype.ts';
import { noSuchTensor, readTensors, type TensorFile } from './tensor-file.ts';

/**
 * safetensors: eight bytes with the header's length, a JSON header, then the tensors' bytes.
 * https://github.com/huggingface/safetensors#format
 */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: Shape;
  /** From the start of the file. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the header ends and the first tensor starts. */
  readonly dataStart: number;
}

const DTYPES: Readonly<Record<string, { name: string; bytes: number }>> = {
  F64: { name: 'float64', bytes: 8 },
  F32: { name: 'float32', bytes: 4 },
  F16: { name: 'float16', bytes: 2 },
  BF16: { name: 'bfloat16', bytes: 2 },
  F8_E4M3: { name: 'float8_e4m3', bytes: 1 },
  F8_E5M2: { name: 'float8_e5m2', bytes: 1 },
  I64: { name: 'int64', bytes: 8 },
  I32: { name: 'int32', bytes: 4 },
  I16: { name: 'int16', bytes: 2 },
  I8: { name: 'int8', bytes: 1 },
  U64: { name: 'uint64', bytes: 8 },
  U32: { name: 'uint32', bytes: 4 },
  U16: { name: 'uint16', bytes: 2 },
  U8: { name: 'uint8', bytes: 1 },
  BOOL: { name: 'bool', bytes: 1 },
};

/** A VGG's header has 3 kB; the limit keeps a hostile one from filling the memory. */
const MAX_HEADER_BYTES = 2 ** 24;

/** Reads and checks the header alone. @throws VggtuneError (data) */
export async function readSafetensorsHeader(
  source: ByteSource | string,
): Promise<SafetensorsHeader> {
  if (typeof source !== 'string') return headerOf(source);
  const file = await openFileSource(source);
  try {
    return await headerOf(file);
  } finally {
    await file.close();
  }
}

/** Opens a file; its tensors are read by ranges. @throws VggtuneError (data) */
export async function openSafetensors(source: ByteSource): Promise<TensorFile> {
  const { tensors, metadata } = await headerOf(source);
  return {
    format: 'safetensors',
    where: source.where,
    tensors,
    metadata,
    async read(name) {
      const entry = tensors.get(name);
      if (entry === undefined) throw noSuchTensor(source.where, name, tensors.keys());
      return readFloats(source, { name, ...entry });
    },
    close: () => source.close(),
  };
}

/**
 * The tensors of a file as float32, or only those named; only their ranges are read.
 * @throws VggtuneError (data) when the file is damaged or has no such tensor
 */
export async function readSafetensors(
  path: string,
  options: { readonly names?: Iterable<string> } = {},
): Promise<{ tensors: NamedTensors; metadata: Readonly<Record<string, string>> }> {
  const source = await openFileSource(path);
  try {
    const file = await openSafetensors(source);
    return { tensors: await readTensors(file, options.names), metadata: file.metadata };
  } finally {
    await source.close();
  }
}

/** Writes float32 tensors in the order of the map, one at a time; the file is whole or not there. */
export async function writeSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const shapes = [...tensors].map(([name, { shape }]) => [name, shape] as const);
  const header = encodeSafetensorsHeader(shapes, metadata);
  await writeFileAtomic(path, async (file: FileHandle) => {
    await file.writeFile(header);
    for (const { data } of tensors.values()) {
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

/** The start of a file whose float32 tensors follow in this order. */
export function encodeSafetensorsHeader(
  shapes: Iterable<readonly [string, Shape]>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, shape] of shapes) {
    const end = offset + 4 * sizeOf(shape);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Spaces up to a multiple of eight, so that the tensors are aligned for whoever maps the file.
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8), 0);
  json.copy(padded, 8);
  return padded;
}

async function headerOf(source: ByteSource): Promise<SafetensorsHeader> {
  const length = new DataView((await readRange(source, 0, 8)).buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, source.size - 8))) {
    throw damaged(source, {
      expected: `a header of at most ${Math.min(MAX_HEADER_BYTES, source.size - 8)} bytes`,
      found: `a header length of ${length}`,
    });
  }
  const dataStart = 8 + Number(length);
  const text = new TextDecoder().decode(await readRange(source, 8, Number(length)));
  const header = parseObject(source, text);
  const { __metadata__: metadata = {}, ...rows } = header;
  const tensors = new Map(
    Object.entries(rows).map(([name, row]) => [name, entryOf({ source, name, dataStart }, row)]),
  );
  expectPacked(source, tensors, dataStart);
  return { tensors, metadata: stringsOf(metadata), dataStart };
}

function parseObject(source: ByteSource, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(source, { expected: 'a JSON header', found: 'text that is no JSON', cause });
  }
  if (isRecord(value)) return value;
  throw damaged(source, { expected: 'a JSON object as the header', found: typeof value });
}

function entryOf(
  { source, name, dataStart }: { source: ByteSource; name: string; dataStart: number },
  row: unknown,
): SafetensorsEntry {
  const place = `tensor "${name}"`;
  const { dtype, shape, data_offsets: offsets } = isRecord(row) ? row : {};
  const type =
    typeof dtype === 'string' && Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (type === undefined) {
    const expected = `${place} with a dtype of ${Object.keys(DTYPES).join(', ')}`;
    throw damaged(source, {
      expected,
      found: typeof dtype === 'string' ? dtype : `a dtype that is no text`,
    });
  }
  if (!isIndexList(shape) || !isIndexList(offsets)) {
    throw damaged(source, { expected: `${place} with a shape and data_offsets of whole numbers` });
  }
  const bytes = shape.reduce((product, size) => product * size, type.bytes);
  const [begin = -1, end = -1] = offsets;
  if (offsets.length !== 2 || end - begin !== bytes || dataStart + end > source.size) {
    throw damaged(source, {
      expected: `${place} of ${bytes} bytes within the ${source.size - dataStart} that there are`,
      found: `data_offsets [${offsets.slice(0, 4)}]`,
    });
  }
  return { dtype: type.name, shape, start: dataStart + begin, end: dataStart + end };
}

/** The format wants every byte in exactly one tensor: neither overlaps nor holes. */
function expectPacked(
  source: ByteSource,
  tensors: ReadonlyMap<string, SafetensorsEntry>,
  dataStart: number,
): void {
  let end = dataStart;
  const ordered = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  for (const [name, entry] of ordered) {
    if (entry.start !== end) {
      const found = entry.start < end ? 'it overlaps the tensor before it' : 'a hole before it';
      throw damaged(source, { expected: `tensor "${name}" at byte ${end}`, found });
    }
    end = entry.end;
  }
  if (end !== source.size) {
    throw damaged(source, { expected: `${end} bytes`, found: `${source.size} bytes` });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIndexList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function stringsOf(metadata: unknown): Record<string, string> {
  if (!isRecord(metadata)) return {};
  const strings = Object.entries(metadata).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(strings);
}

function damaged(
  source: ByteSource,
  details: { expected: string; found?: string; cause?: unknown },
): Error {
  return dataError(`${source.where} is not a whole safetensors file`, {
    ...details,
    where: source.where,
    fix: 'the file is truncated or damaged: copy or download it again',
  });
}
