import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/formats/byte-source.ts';
import { readArrayEntries } from '../../src/formats/hdf5/chunk-array.ts';
import { chunkPlaces } from '../../src/formats/hdf5/chunk-index.ts';
import type { Chunked, Hdf5Dataset } from '../../src/formats/hdf5/dataset.ts';
import type { Hdf5File } from '../../src/formats/hdf5/file.ts';
import { readMessages } from '../../src/formats/hdf5/object-header.ts';
import { readTree2 } from '../../src/formats/hdf5/tree2.ts';

/** A number of so many bytes, lowest first. */
function number(value: number, bytes: number): Buffer {
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(BigInt(value));
  return field.subarray(0, bytes);
}

/** A file with parts at some places, and zeros between them. */
function fileOf(size: number, parts: Readonly<Record<number, readonly Buffer[]>>): Hdf5File {
  const bytes = Buffer.alloc(size);
  for (const [at, part] of Object.entries(parts)) Buffer.concat(part).copy(bytes, Number(at));
  return { source: memorySource(bytes, 'x'), root: 0, budget: 2 ** 26 };
}

const tooMuch = (found: RegExp) => ({
  kind: 'data',
  details: { found: expect.stringMatching(found) },
});

/** Small files whose parts point at one part again and again: what comes of them has to stay small. */
describe('a file that holds more than it has bytes', () => {
  it('by nodes of a tree that share their leaf', async () => {
    const LEAF = 8192;
    const [nodeBytes, recordBytes, children] = [4096, 1, 300];
    const counts = [number(children - 1, 2), number(0, 8)];
    const head = [
      ...[Buffer.from('BTHD'), Buffer.from([0, 11]), number(nodeBytes, 4), number(recordBytes, 2)],
      ...[number(1, 2), Buffer.alloc(2), number(4096, 8), ...counts],
    ];
    const child = Buffer.concat([number(LEAF, 8), number(4000, 2)]);
    const root = [
      ...[Buffer.from('BTIN'), Buffer.from([0, 11]), Buffer.alloc(children - 1)],
      Buffer.concat(Array.from({ length: children }, () => child)),
    ];
    const file = fileOf(LEAF + nodeBytes, {
      0: head,
      4096: root,
      [LEAF]: [Buffer.from('BTLF\0\x0b')],
    });
    await expect(readTree2(file, 0)).rejects.toMatchObject(tooMuch(/a tree that is larger/));
  });

  it('by a header that goes on in itself', async () => {
    const BLOCK = 64;
    // A message that goes on in the block, and what is left of the block as empty messages.
    const goOn = [Buffer.from([0x10]), number(16, 2), Buffer.from([0]), number(BLOCK, 8)];
    const size = 1024;
    const first = [...goOn, number(size, 8)];
    const header = [Buffer.from('OHDR\x02\0'), Buffer.from([20]), ...first];
    const file = fileOf(BLOCK + size, { 0: header, [BLOCK]: [Buffer.from('OCHK'), ...first] });
    await expect(readMessages(file, 0)).rejects.toMatchObject(tooMuch(/header that is longer/));
  });

  it('by messages that are all shared with one long header', async () => {
    const [LONG, count] = [20_000, 1000];
    const shared = [Buffer.from([3]), number(10, 2), Buffer.from([2, 2, 0]), number(LONG, 8)];
    const header = [Buffer.from('OHDR\x02\x02'), number(count * 14, 4)];
    const all = Array.from({ length: count }, () => Buffer.concat(shared));
    // Empty messages, and at last the one that is wanted.
    const last = Buffer.from([3, 0, 0, 0]);
    const long = [Buffer.from('OHDR\x02\x02'), number(20_000, 4), Buffer.alloc(19_996), last];
    const file = fileOf(LONG + 20_100, { 0: [...header, ...all], [LONG]: long });
    await expect(readMessages(file, 0)).rejects.toMatchObject(tooMuch(/an index of more than/));
  });

  it('by an array of chunks whose blocks are one', async () => {
    const [INDEX, BLOCK] = [128, 4096];
    const [own, minEntries, minPointers, pageBits, maxBits] = [0, 8, 128, 20, 32];
    const sizes = [0, 8, maxBits, own, minEntries, minPointers, pageBits];
    const head = [Buffer.from('EAHD\0'), Buffer.from(sizes), Buffer.alloc(48), number(INDEX, 8)];
    const nowhere = Buffer.alloc(8, 0xff);
    const pointers = Array.from({ length: 254 + 30 }, (_, at) =>
      at < 254 ? number(BLOCK, 8) : nowhere,
    );
    const index = [Buffer.from('EAIB'), Buffer.alloc(10), ...pointers];
    const file = fileOf(BLOCK + 9000, {
      ...{ 0: head, [INDEX]: index },
      [BLOCK]: [Buffer.from('EADB')],
    });
    const array = { kind: 'extensible-array', address: 0 } as const;
    const found = readArrayEntries(file, array);
    await expect(found).rejects.toMatchObject(tooMuch(/an array of more chunks/));
  });

  describe('by chunks that are named again and again', () => {
    const chunk = [16];
    const dataset = { shape: [16], elementBytes: 4 } as unknown as Hdf5Dataset;
    const storage = (index: Chunked['index']) =>
      ({ chunk, limits: [16], index }) as unknown as Chunked;
    const row = Buffer.concat([number(60, 4), number(0, 4), Buffer.alloc(24)]);
    const rows = (count: number) => Array.from({ length: count }, () => row);
    const tree = { kind: 'tree', address: 0 } as const;

    it('in one node', async () => {
      const node = [Buffer.from('TREE\x01\0'), number(100, 2), Buffer.alloc(16), ...rows(100)];
      const file = fileOf(5000, { 0: node });
      const found = chunkPlaces(file, dataset, storage(tree));
      await expect(found).rejects.toMatchObject(tooMuch(/chunks of 6000 bytes in all in a file/));
    });

    it('by nodes that share their leaf', async () => {
      const LEAF = 2048;
      const below = Buffer.concat([Buffer.alloc(24), number(LEAF, 8)]);
      const root = [
        ...[Buffer.from('TREE\x01\x01'), number(50, 2), Buffer.alloc(16)],
        ...Array.from({ length: 50 }, () => below),
      ];
      const leaf = [Buffer.from('TREE\x01\0'), number(90, 2), Buffer.alloc(16), ...rows(90)];
      const file = fileOf(LEAF + 3000, { 0: root, [LEAF]: leaf });
      const found = chunkPlaces(file, dataset, storage(tree));
      await expect(found).rejects.toMatchObject(tooMuch(/a tree that is larger/));
    });
  });
});
