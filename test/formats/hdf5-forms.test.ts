import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { sizeOf, type Tensor } from '../../src/base/tensor.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { readAttributes, textAttribute } from '../../src/formats/hdf5/attribute.ts';
import { datasetOf } from '../../src/formats/hdf5/dataset.ts';
import { Fields, type Hdf5File, openHdf5 } from '../../src/formats/hdf5/file.ts';
import { readGroup } from '../../src/formats/hdf5/group.ts';
import { MESSAGES, readMessages } from '../../src/formats/hdf5/object-header.ts';
import { readDataset } from '../../src/formats/hdf5/read-dataset.ts';
import index from '../fixtures/hdf5/forms/index.json' with { type: 'json' };
import { damagedCopies } from './fuzz.ts';

const FOLDER = new URL('../fixtures/hdf5/forms/', import.meta.url);
const fixture = (name: string) => readFile(new URL(name, FOLDER));
const open = async (name: string) => openHdf5(memorySource(await fixture(name), name));

async function find(file: Hdf5File, path: string): Promise<number> {
  let address = file.root;
  for (const name of path.split('/')) {
    address = (await readGroup(file, address)).get(name) ?? Number.NaN;
  }
  return address;
}

async function read(file: Hdf5File, path: string): Promise<Tensor> {
  const dataset = datasetOf(file, await readMessages(file, await find(file, path)));
  if (dataset === undefined) throw new Error(`${path} is no array`);
  return readDataset(file, path, dataset);
}

async function texts(file: Hdf5File, path: string | undefined, name: string) {
  const address = path === undefined ? file.root : await find(file, path);
  const attributes = await readAttributes(file, await readMessages(file, address));
  return textAttribute(file, attributes, name);
}

/** The formula of fixtures/hdf5/make_forms.py. */
const values = (n: number, count: number) =>
  Array.from({ length: count }, (_, i) => ((37 * i + 11 * n) % 101) / 8 - 6);

const ROWS = Object.entries(index).flatMap(([file, rows]) =>
  Object.entries(rows).map(([name, row]) => ({ file, name, ...row })),
);
const VERSIONS = ['earliest', 'v108', 'v110', 'latest'];

test('all forms are listed', () => {
  expect(ROWS).toHaveLength(94);
});

test.each(ROWS)('$file: $name', async ({ file, name, n, shape, dtype }) => {
  const opened = await open(file);
  const dataset = datasetOf(opened, await readMessages(opened, await find(opened, name)));
  expect(dataset).toMatchObject({ shape, dtype });
  const tensor = await read(opened, name);
  expect(tensor.shape).toEqual(shape);
  expect([...tensor.data]).toEqual(values(n, sizeOf(shape)));
});

describe.each(VERSIONS)('HDF5 %s', (version) => {
  test('what was never written has the fill value', async () => {
    const file = await open(`${version}-storage.h5`);
    expect([...(await read(file, 'never-written')).data]).toEqual(Array(16).fill(0));
    const { data } = await read(file, 'filled');
    expect([...data.subarray(0, 8)]).toEqual([2.5, 2.5, 1.5, 1.5, 2.5, 2.5, 1.5, 1.5]);
    expect([...data.subarray(8)]).toEqual(Array(8).fill(1.5));
  });

  test('an array of no elements, and one that is null', async () => {
    const file = await open(`${version}-storage.h5`);
    expect((await read(file, 'no-elements')).data).toHaveLength(0);
    expect((await read(file, 'null')).data).toHaveLength(0);
  });

  test('soft and external links are left out', async () => {
    const file = await open(`${version}-storage.h5`);
    const members = [...(await readGroup(file, file.root)).keys()];
    expect(members).toContain('contiguous');
    expect(members.filter((name) => name === 'soft' || name === 'external')).toEqual([]);
  });

  test('attributes', async () => {
    const file = await open(`${version}-attributes.h5`);
    expect(await texts(file, undefined, 'fixed')).toEqual(['one', 'three']);
    expect(await texts(file, undefined, 'variable')).toEqual(['eins', 'zwölf', '']);
    expect(await texts(file, undefined, 'text')).toEqual(['alone']);
    expect(await texts(file, undefined, 'empty-list')).toEqual([]);
    expect(await texts(file, undefined, 'null')).toEqual([]);
    expect(await texts(file, undefined, 'missing')).toBeUndefined();
    await expect(texts(file, undefined, 'number')).rejects.toThrow(VggtuneError);
  });

  test('many attributes, and one that is larger than a block', async () => {
    const file = await open(`${version}-attributes.h5`);
    for (const number of [0, 17, 39]) {
      const name = `attribute-${String(number).padStart(2, '0')}`;
      expect(await texts(file, 'many-attributes', name)).toEqual([`text ${number}`]);
    }
    const long = await texts(file, 'many-attributes', 'long');
    expect(long).toHaveLength(800);
    expect(long?.at(-1)).toBe('name_0799');
  });

  test.each([1, 9, 300])('%i links', async (count) => {
    const file = await open(`${version}-links.h5`);
    const members = await readGroup(file, await find(file, `links-${count}`));
    const names = Array.from({ length: count }, (_, i) => String(i).padStart(3, '0'));
    const expected = names.map((name) => `member-${name}-of-a-group-with-a-long-name`);
    expect([...members.keys()].sort()).toEqual(expected);
    expect(new Set(members.values())).toEqual(new Set([await find(file, 'target')]));
  });

  test('links in the order in which they were made, and groups in groups', async () => {
    const file = await open(`${version}-links.h5`);
    expect((await readGroup(file, await find(file, 'ordered'))).size).toBe(12);
    expect(await find(file, 'again/b')).toBe(await find(file, 'a/b'));
    expect(await find(file, 'a/b/c/cycle')).toBe(await find(file, 'a'));
  });
});

test('chunks of which most were never written, in a paged index', async () => {
  const file = await open('large-index.h5');
  const fixed = (await read(file, 'sparse')).data;
  expect([...fixed].flatMap((value, at) => (value === -1 ? [] : [at]))).toEqual([
    1024, 1025, 1026, 1027, 1028, 1029,
  ]);
  const extensible = (await read(file, 'sparse-extensible')).data;
  const written = [...extensible].flatMap((value, at) => (value === 4 ? [at] : []));
  expect(written).toEqual(Array.from({ length: 10 }, (_, i) => 139_990 + i));
});

test.each([
  ['lzf', 'compressed by LZF'],
  ['scale-offset', 'compressed by scale-offset'],
])('%s is refused by its name', async (name, found) => {
  const error = await read(await open('tree-of-chunks.h5'), name).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(VggtuneError);
  expect((error as VggtuneError).details.found).toContain(found);
});

test.each([
  ['contiguous', 4_000_000, 'in 140 bytes'],
  ['contiguous', 5_000_000, 'in a file of'],
  ['chunked', 5_000_000, 'in a file of'],
  ['gzip', 5_000_000, 'chunks of'],
  ['gzip', 8_000_000, 'in a file of'],
])('%s with %i elements in a file of 28 kB: an array %s', async (name, elements, found) => {
  const file = await open('latest-storage.h5');
  const messages = await readMessages(file, await find(file, name));
  // Version 2, of one axis.
  const space = Buffer.from([2, 1, 0, 1, ...Buffer.alloc(8)]);
  space.writeBigUInt64LE(BigInt(elements), 4);
  const body = new Fields(file.source, space);
  const changed = messages.map((one) => (one.type === MESSAGES.dataspace ? { ...one, body } : one));
  expect(() => datasetOf(file, changed)).toThrow(
    expect.objectContaining({
      kind: 'data',
      details: expect.objectContaining({ found: expect.stringContaining(found) }),
    }),
  );
});

/** Reads all that there is, at any depth. */
async function readAll(file: Hdf5File): Promise<void> {
  const [queue, seen] = [[file.root], new Set<number>()];
  for (let address = queue.shift(); address !== undefined; address = queue.shift()) {
    if (seen.has(address)) continue;
    seen.add(address);
    const messages = await readMessages(file, address);
    const attributes = await readAttributes(file, messages);
    for (const name of attributes.keys()) await ignoring(textAttribute(file, attributes, name));
    const dataset = await ignoring(Promise.resolve().then(() => datasetOf(file, messages)));
    if (dataset !== undefined) await ignoring(readDataset(file, '', dataset));
    queue.push(...((await ignoring(readGroup(file, address))) ?? new Map()).values());
  }
}

/** Goes on after an error of the data; any other is thrown on. */
async function ignoring<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof VggtuneError && error.kind === 'data') return undefined;
    throw error;
  }
}

test.each(Object.keys(index).filter((name) => !/large|tree|links/.test(name)))(
  'damage to %s gives typed errors',
  async (name) => {
    const valid = Uint8Array.from(await fixture(name));
    await fc.assert(
      fc.asyncProperty(damagedCopies(valid, [8, valid.length]), async (bytes) => {
        await ignoring(openHdf5(memorySource(bytes, name)).then(readAll));
      }),
      { numRuns: 25 },
    );
  },
);

test('a flipped bit in a chunk with a checksum is found', async () => {
  const valid = await fixture('latest-storage.h5');
  const file = await openHdf5(memorySource(valid, 'x'));
  const dataset = datasetOf(file, await readMessages(file, await find(file, 'fletcher32')));
  const plain = Buffer.from(Float32Array.from(values(9, 4)).buffer);
  const at = valid.indexOf(plain.subarray(0, 16), 0);
  const found: unknown[] = [];
  for (let start = at; start >= 0; start = valid.indexOf(plain.subarray(0, 16), start + 1)) {
    const copy = Buffer.from(valid);
    copy[start] = (copy[start] ?? 0) ^ 1;
    const changed = await openHdf5(memorySource(copy, 'x'));
    if (dataset !== undefined) {
      found.push(await readDataset(changed, '', dataset).catch((error) => error.details?.found));
    }
  }
  expect(found).toContain('a chunk whose checksum is another');
});
