import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { sizeOf } from '../../src/base/tensor.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openKerasHdf5 } from '../../src/formats/hdf5/keras-layers.ts';
import { damagedCopies, randomBytes, survives } from './fuzz.ts';

const fixture = (name: string) => readFile(new URL(`../fixtures/hdf5/${name}`, import.meta.url));
const open = async (name: string) => openKerasHdf5(memorySource(await fixture(name), name));

/** The formula of fixtures/hdf5/make.py. */
const values = (n: number, count: number) =>
  Array.from({ length: count }, (_, i) => ((37 * i + 11 * n) % 101) / 8 - 6);

describe('Keras files', () => {
  test.each([
    ['old.h5', 'float32', (n: number) => `block${n}_conv1/block${n}_conv1_W_1:0`],
    ['latest.h5', 'float32', (n: number) => `block${n}_conv1/block${n}_conv1_W_1:0`],
    ['half.h5', 'float16', (n: number) => `block${n}_conv1/block${n}_conv1_W_1:0`],
    ['model.h5', 'float32', (n: number) => `block${n}_conv1/block${n}_conv1/kernel:0`],
  ])('%s', async (name, dtype, kernel) => {
    const file = await open(name);
    expect([...file.tensors.keys()]).toHaveLength(6);
    const entries = [...file.tensors];
    expect(entries[4]?.[0]).toBe(kernel(3));
    for (const [index, [tensor, info]] of entries.entries()) {
      expect(info).toMatchObject({ dtype, shape: index % 2 === 0 ? [3, 3, 2, 3] : [3] });
      expect([...(await file.read(tensor)).data]).toEqual(values(index, sizeOf(info.shape)));
    }
  });

  test('attributes are metadata, of fixed and of variable length', async () => {
    const { metadata } = await open('old.h5');
    expect(metadata).toEqual({ backend: 'tensorflow', keras_version: '1.0.0' });
    expect((await open('model.h5')).metadata.keras_version).toBe('2.9.0');
  });

  test('80 layers, and a list of names in two attributes', async () => {
    const file = await open('many.h5');
    expect(file.tensors.size).toBe(80);
    const last = await file.read('layer_with_a_long_name_079/w:0');
    expect([...last.data]).toEqual([79]);
  });
});

test('a compressed array of a Keras file', async () => {
  const file = await open('chunked.h5');
  expect(await file.read('a/w')).toEqual({ shape: [4, 4], data: new Float32Array(16) });
});

describe('files that are not read', () => {
  test.each([['other.h5', /Keras/, 'holding images']])('%s', async (name, message, found) => {
    const error = await open(name).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VggtuneError);
    expect((error as VggtuneError).message).toMatch(message);
    expect((error as VggtuneError).details.found).toContain(found);
  });

  test('big-endian floats', async () => {
    const file = await open('big-endian.h5');
    await expect(file.read('block1_conv1/block1_conv1_W_1:0')).rejects.toThrow(VggtuneError);
  });
});

test.each(['old.h5', 'model.h5'])('damage to %s gives typed errors', async (name) => {
  const valid = Uint8Array.from(await fixture(name));
  expect(await survives(openKerasHdf5, valid)).toBe(true);
  const files = fc.oneof(damagedCopies(valid, [8, Math.min(valid.length, 9000)]), randomBytes);
  await fc.assert(
    fc.asyncProperty(files, async (bytes) => void (await survives(openKerasHdf5, bytes))),
    { numRuns: 1500 },
  );
});
