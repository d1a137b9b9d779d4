import { dataError } from '../base/errors.ts';
import { type Shape, sizeOf, type Tensor } from '../base/tensor.ts';
import { type ByteSource, expectRange } from './byte-source.ts';

/** The element types that weights come in. Files are little-endian, as are the machines Node runs on. */
export type FloatType = 'float32' | 'float16' | 'bfloat16' | 'float64';

interface FloatRow {
  readonly bytes: number;
  /** Converts all of `from` into the elements of `into` from `at` on. */
  convert(from: Uint8Array, into: Float32Array, at: number): void;
}

const FLOATS: Readonly<Record<FloatType, FloatRow>> = {
  float32: {
    bytes: 4,
    convert: (from, into, at) => into.set(new Float32Array(from.buffer, 0, from.length / 4), at),
  },
  float16: {
    bytes: 2,
    convert(from, into, at) {
      const halves = new Uint16Array(from.buffer, 0, from.length / 2);
      const values = allHalves();
      for (let i = 0; i < halves.length; i++) into[at + i] = values[halves[i] as number] as number;
    },
  },
  bfloat16: {
    bytes: 2,
    convert(from, into, at) {
      const halves = new Uint16Array(from.buffer, 0, from.length / 2);
      const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
      for (let i = 0; i < halves.length; i++) bits[at + i] = (halves[i] ?? 0) << 16;
    },
  },
  float64: {
    bytes: 8,
    convert: (from, into, at) => into.set(new Float64Array(from.buffer, 0, from.length / 8), at),
  },
};

export function isFloatType(name: string): name is FloatType {
  return Object.hasOwn(FLOATS, name);
}

export function floatBytes(type: FloatType): number {
  return FLOATS[type].bytes;
}

/** Conversion goes through a buffer of this size, whatever the tensor's. */
const CHUNK_BYTES = 2 ** 22;

export interface FloatRange {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  /** Where its first byte is; the bytes are contiguous. */
  readonly start: number;
}

/**
 * A tensor from a range of a file, as float32. float32 is read straight into place, other types in
 * chunks.
 * @throws VggtuneError (data) when the elements are no floats, or the source ends before them
 */
export async function readFloats(source: ByteSource, range: FloatRange): Promise<Tensor> {
  const { dtype, shape, start } = range;
  if (!isFloatType(dtype)) throw notFloats(source, range);
  const row = FLOATS[dtype];
  const count = sizeOf(shape);
  expectRange(source, start, count * row.bytes);
  const data = new Float32Array(count);
  if (dtype === 'float32') {
    await source.fill(start, new Uint8Array(data.buffer));
    return { shape, data };
  }
  const step = CHUNK_BYTES / row.bytes;
  const buffer = new ArrayBuffer(Math.min(CHUNK_BYTES, count * row.bytes));
  for (let at = 0; at < count; at += step) {
    const chunk = new Uint8Array(buffer, 0, Math.min(step, count - at) * row.bytes);
    await source.fill(start + at * row.bytes, chunk);
    row.convert(chunk, data, at);
  }
  return { shape, data };
}

let halves: Float32Array | undefined;

/** The value of each of the 65,536 bit patterns: to look one up takes a tenth of the time of computing it. */
function allHalves(): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16(bits));
  return halves;
}

/** IEEE 754 binary16, subnormals and infinities included. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function notFloats(source: ByteSource, { name, dtype }: FloatRange): Error {
  return dataError(`tensor "${name}" of ${source.where} does not hold floats`, {
    expected: Object.keys(FLOATS).join(', '),
    found: dtype,
    where: source.where,
    fix: 'save the weights as float32',
  });
}
