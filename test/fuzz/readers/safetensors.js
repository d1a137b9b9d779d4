import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mutateJson } from '../mutate-json.js';
import { someTensors, tensorReader, words } from './tensors.js';

export async function create({ load, folder }) {
  const { writeSafetensors } = await load('formats/safetensors');
  const path = join(folder, 'seed.safetensors');
  await writeSafetensors(path, someTensors(), { format: 'pt' });
  const seed = await readFile(path);
  const types = Buffer.from(seed);
  types.write('F16', types.indexOf('F32'));
  const mixed = {
    a: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
    b: { dtype: 'BF16', shape: [3], data_offsets: [4, 10] },
    c: { dtype: 'F64', shape: [1, 1], data_offsets: [10, 18] },
    d: { dtype: 'F32', shape: [0], data_offsets: [18, 18] },
  };
  return {
    seeds: [seed, types, wrap(JSON.stringify(mixed), Buffer.alloc(18, 1))],
    tokens: words(
      ...['"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"__proto__"', 'BF16', 'F64'],
      ...['F8_E4M3', 'I64', 'BOOL', '[', ']', '{', '}', ',', ':', '"', '[0,0]', '4294967296'],
      ...['9007199254740992', '18446744073709551615', '\0\0\0\0', '\x08\0\0\0\0\0\0\0'],
    ),
    read: await tensorReader(load),
    make: (bytes, { rng }) => {
      const { json, data } = unwrap(bytes);
      return wrap(mutateJson(json, rng), data);
    },
  };
}

export function unwrap(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  return { json: bytes.toString('utf8', 8, 8 + length), data: bytes.subarray(8 + length) };
}

/** A file whose header has the right length. */
export function wrap(json, data) {
  const header = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, data]);
}
