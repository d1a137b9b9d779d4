import { sizeOf } from '../../base/tensor.ts';
import { dataspaceOf, typeOf } from './datatype.ts';
import { damagedHdf5, Fields, type Hdf5File, readPiece, unsupportedHdf5 } from './file.ts';
import { openFractalHeap } from './fractal-heap.ts';
import { denseStorage, findMessage, type Hdf5Message, MESSAGES } from './object-header.ts';
import { readTree2 } from './tree2.ts';

/** An object's attributes by name, as they lie in the file. */
export type Hdf5Attributes = ReadonlyMap<string, Fields>;

/**
 * The attributes of an object, from its messages or, when they are many, from a heap of them.
 * @throws VggtuneError (data)
 */
export async function readAttributes(
  file: Hdf5File,
  messages: readonly Hdf5Message[],
): Promise<Hdf5Attributes> {
  const attributes = new Map<string, Fields>();
  const add = (body: Fields) => attributes.set(headOf(file, body.copy()).name, body);
  for (const { type, body } of messages) if (type === MESSAGES.attribute) add(body);
  const info = findMessage(messages, MESSAGES.attributeInfo);
  const dense = info === undefined ? undefined : denseStorage(info, 2);
  if (dense === undefined) return attributes;
  const heap = await openFractalHeap(file, dense.heap);
  for (const record of (await readTree2(file, dense.tree)).records) add(await heap.read(record));
  return attributes;
}

/**
 * The texts of an attribute; undefined when the object has none of that name. One without elements has
 * no texts, whatever its type: h5py writes an empty list as one of float64.
 * @throws VggtuneError (data)
 */
export async function textAttribute(
  file: Hdf5File,
  attributes: Hdf5Attributes,
  name: string,
): Promise<readonly string[] | undefined> {
  const body = attributes.get(name)?.copy();
  if (body === undefined) return undefined;
  const { source } = file;
  const { part, version, flags, typeBytes, spaceBytes } = headOf(file, body);
  if (version > 1 && flags !== 0) throw unsupportedHdf5(source, 'an attribute of a committed type');
  const type = typeOf(new Fields(source, part(typeBytes)));
  const count = sizeOf(dataspaceOf(source, new Fields(source, part(spaceBytes))).shape);
  if (count === 0) return [];
  const fixed = type.dtype === 'string';
  if (!fixed && type.dtype !== 'variable string') {
    throw damagedHdf5(source, `an attribute "${name}" that is no text`);
  }
  if (count * Math.max(1, type.size) > body.left) {
    throw damagedHdf5(source, 'an attribute that is cut off');
  }
  const texts: string[] = [];
  for (let index = 0; index < count; index++) {
    texts.push(fixed ? untilZero(body.bytes(type.size)) : await heapText(file, body));
  }
  return texts;
}

/** Section IV.A.2.m; what is left of the body then is the type, the shape and the data. */
function headOf(file: Hdf5File, body: Fields) {
  const version = body.u8();
  const flags = body.u8();
  if (version < 1 || version > 3) {
    throw unsupportedHdf5(file.source, `an attribute of version ${version}`);
  }
  const [nameBytes, typeBytes, spaceBytes] = [body.u16(), body.u16(), body.u16()];
  if (version === 3) body.skip(1);
  // Only version 1 fills its parts up to multiples of eight.
  const part = (length: number) => body.bytes(version === 1 ? Math.ceil(length / 8) * 8 : length);
  const name = part(nameBytes).toString('utf8', 0, Math.max(0, nameBytes - 1));
  return { name, version, flags, typeBytes, spaceBytes, part };
}

const untilZero = (bytes: Buffer) => bytes.toString('utf8').replace(/\0.*$/s, '');

/** A text of variable length lies in a global heap (section III.E): length, heap, index. */
async function heapText(file: Hdf5File, data: Fields): Promise<string> {
  const length = data.u32();
  const address = data.u64();
  const wanted = data.u32();
  if (length === 0) return '';
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
