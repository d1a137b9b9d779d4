import type { Shape } from '../../base/tensor.ts';
import type { ByteSource } from '../byte-source.ts';
import { damagedHdf5, type Fields } from './file.ts';

export interface ElementType {
  readonly dtype: string;
  /** Bytes. */
  readonly size: number;
}

/** The bytes of a text of variable length: its length, and where it lies. */
const REFERENCE_BYTES = 16;

/** Section IV.A.2.d. */
export function typeOf(body: Fields): ElementType {
  const kind = body.u8() & 0x0f;
  const flags = body.bytes(3);
  const size = body.u32();
  if (kind === 1) return { dtype: floatName(flags, size, body), size };
  if (kind === 0) return { dtype: `int${size * 8}`, size };
  if (kind === 3) return { dtype: 'string', size };
  if (kind === 9 && (flags.readUInt8(0) & 0x0f) === 1) {
    return { dtype: 'variable string', size: REFERENCE_BYTES };
  }
  return { dtype: `HDF5 class ${kind}`, size };
}

function floatName(flags: Buffer, size: number, body: Fields): string {
  const bigEndian = (flags.readUInt8(0) & 0x41) !== 0;
  body.skip(5);
  const exponentBits = body.u8();
  const usual = { 2: 5, 4: 8, 8: 11 }[size];
  if (bigEndian || exponentBits !== usual) return `unusual float${size * 8}`;
  return `float${size * 8}`;
}

export interface Dataspace {
  readonly shape: Shape;
  /** What the axes can grow to; infinite for one without a limit. */
  readonly limits: Shape;
}

/** Section IV.A.2.b. A null space holds nothing, which is what an axis of no elements holds. */
export function dataspaceOf(source: ByteSource, body: Fields): Dataspace {
  const version = body.u8();
  const rank = body.u8();
  const limited = (body.u8() & 1) !== 0;
  if ((version !== 1 && version !== 2) || rank > 8) {
    throw damagedHdf5(source, `a shape of version ${version} and rank ${rank}`);
  }
  const kind = version === 1 ? 1 : body.u8();
  if (version === 1) body.skip(5);
  if (kind === 2) return { shape: [0], limits: [0] };
  const sizes = () => Array.from({ length: rank }, () => body.u64());
  const shape = sizes();
  const limits = limited ? sizes().map(unlimited) : shape;
  if (shape.every(Number.isSafeInteger)) return { shape, limits };
  throw damagedHdf5(source, `a shape of [${shape}]`);
}

const unlimited = (size: number) => (size >= 2 ** 64 ? Number.POSITIVE_INFINITY : size);
