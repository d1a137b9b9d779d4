import { type Shape, sizeOf } from '../base/tensor.ts';
import type { ByteSource } from './byte-source.ts';
import {
  damagedHdf5,
  Fields,
  type Hdf5File,
  type Hdf5Message,
  readPiece,
  unsupportedHdf5,
} from './hdf5-object.ts';

const MESSAGE_SPACE = 0x01;
const MESSAGE_TYPE = 0x03;
const MESSAGE_LAYOUT = 0x08;
const MESSAGE_ATTRIBUTE = 0x0c;
const UNDEFINED_ADDRESS = 2 ** 64;

export interface Hdf5Dataset {
  readonly shape: Shape;
  readonly dtype: string;
  readonly start: number;
}

/** Where an array's bytes are; undefined for an object that is no array. */
export function datasetOf(
  source: ByteSource,
  messages: readonly Hdf5Message[],
): Hdf5Dataset | undefined {
  const body = (wanted: number) => messages.find(({ type }) => type === wanted)?.body;
  const [space, type, layout] = [MESSAGE_SPACE, MESSAGE_TYPE, MESSAGE_LAYOUT].map(body);
  if (space === undefined || type === undefined || layout === undefined) return undefined;
  const shape = shapeOf(source, space);
  const { dtype, size } = typeOf(type);
  const version = layout.u8();
  const kind = layout.u8();
  if (version < 3 || version > 4 || kind !== 1) {
    throw unsupportedHdf5(source, kind === 2 ? 'chunked data' : `a layout ${version}.${kind}`);
  }
  const start = layout.u64();
  const bytes = layout.u64();
  if (start >= UNDEFINED_ADDRESS || bytes < sizeOf(shape) * size || start + bytes > source.size) {
    throw damagedHdf5(source, `an array of shape [${shape}] in ${bytes} bytes at ${start}`);
  }
  return { shape, dtype, start };
}

/** The texts of an attribute; undefined when the object has none of that name. */
export async function textAttribute(
  file: Hdf5File,
  messages: readonly Hdf5Message[],
  name: string,
): Promise<readonly string[] | undefined> {
  for (const { type, body } of messages) {
    if (type !== MESSAGE_ATTRIBUTE) continue;
    const attribute = attributeOf(file.source, body.copy());
    if (attribute.name === name) return textsOf(file, attribute);
  }
  return undefined;
}

interface Attribute {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
  readonly data: Fields;
}

function attributeOf(source: ByteSource, body: Fields): Attribute {
  const version = body.u8();
  const flags = body.u8();
  if (version < 1 || version > 3 || (version > 1 && flags !== 0)) {
    throw unsupportedHdf5(source, `an attribute of version ${version}`);
  }
  const [nameBytes, typeBytes, spaceBytes] = [body.u16(), body.u16(), body.u16()];
  if (version === 3) body.skip(1);
  // Only version 1 fills its parts up to multiples of eight.
  const part = (length: number) => body.bytes(version === 1 ? Math.ceil(length / 8) * 8 : length);
  const name = part(nameBytes).toString('utf8', 0, Math.max(0, nameBytes - 1));
  const type = typeOf(new Fields(source, part(typeBytes)));
  const shape = shapeOf(source, new Fields(source, part(spaceBytes)));
  return { name, type, shape, data: body };
}

async function textsOf(file: Hdf5File, attribute: Attribute): Promise<string[]> {
  const { type, data, shape } = attribute;
  const count = sizeOf(shape);
  const fixed = type.dtype === 'string';
  if (!fixed && type.dtype !== 'variable string') {
    throw damagedHdf5(file.source, `an attribute "${attribute.name}" that is no text`);
  }
  if (count * Math.max(1, type.size) > data.left)
    throw damagedHdf5(file.source, 'an attribute that is cut off');
  const texts: string[] = [];
  for (let index = 0; index < count; index++) {
    texts.push(fixed ? untilZero(data.bytes(type.size)) : await heapText(file, data));
  }
  return texts;
}

const untilZero = (bytes: Buffer) => bytes.toString('utf8').replace(/\0.*$/s, '');

/** A text of variable length lies in a global heap: length, heap, index. */
async function heapText(file: Hdf5File, data: Fields): Promise<string> {
  const length = data.u32();
  const address = data.u64();
  const wanted = data.u32();
  const head = await readPiece(file, address, 16);
  head.expect('GCOL');
  head.skip(4);
  const heap = await readPiece(file, address + 16, head.u64() - 16);
  while (heap.left >= 16) {
    const index = heap.u16();
    heap.skip(6);
    const size = heap.u64();
    const bytes = heap.bytes(Math.min(Math.ceil(size / 8) * 8, heap.left));
    if (index === wanted) return bytes.toString('utf8', 0, Math.min(length, size));
    if (index === 0) break;
  }
  throw damagedHdf5(file.source, 'a text that is not in its heap');
}

interface ElementType {
  readonly dtype: string;
  readonly size: number;
}

function typeOf(body: Fields): ElementType {
  const kind = body.u8() & 0x0f;
  const flags = body.bytes(3);
  const size = body.u32();
  if (kind === 1) return { dtype: floatName(flags, size, body), size };
  if (kind === 0) return { dtype: `int${size * 8}`, size };
  if (kind === 3) return { dtype: 'string', size };
  if (kind === 9 && (flags.readUInt8(0) & 0x0f) === 1)
    return { dtype: 'variable string', size: 16 };
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

function shapeOf(source: ByteSource, body: Fields): Shape {
  const version = body.u8();
  const rank = body.u8();
  if ((version !== 1 && version !== 2) || rank > 8) {
    throw damagedHdf5(source, `a shape of version ${version} and rank ${rank}`);
  }
  body.skip(version === 1 ? 6 : 2);
  const shape = Array.from({ length: rank }, () => body.u64());
  if (shape.every(Number.isSafeInteger)) return shape;
  throw damagedHdf5(source, `a shape of [${shape}]`);
}
