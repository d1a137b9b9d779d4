import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/base/tensor.ts';
import { openKerasArchive } from '../../src/formats/hdf5/keras-archive.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { nameTensors } from '../../src/weights/naming.ts';
import { structureOf } from '../../src/weights/recognise.ts';
import { damagedCopies, survives } from './fuzz.ts';

const path = (name: string) =>
  fileURLToPath(new URL(`../fixtures/hdf5/keras3/${name}`, import.meta.url));

/** The formula of fixtures/hdf5/make_keras3.py. */
const values = (n: number, count: number) =>
  Array.from({ length: count }, (_, i) => ((37 * i + 11 * n) % 101) / 8 - 6);

const BASE = ['base.h5', 'base.keras', 'base.weights.h5', 'base-3.0.keras'];
const TUNED = ['tuned.h5', 'tuned.keras', 'tuned.weights.h5'];

describe('files of Keras 3', () => {
  test.each([...BASE, ...TUNED])('%s: names, shapes and numbers', async (name) => {
    const file = await openTensorFile(path(name));
    expect(file.format).toBe(name.endsWith('.keras') ? 'keras' : 'keras-h5');
    const shapes = new Map([...file.tensors].map(([tensor, { shape }]) => [tensor, shape]));
    const naming = nameTensors(shapes);
    expect(naming?.family).toBe('keras');
    const layers = ['conv1_1', 'conv2_1', 'conv3_1', ...(TUNED.includes(name) ? ['fc8'] : [])];
    const expected = layers.flatMap((n) => [`${n}.weight`, `${n}.bias`]);
    expect([...(naming?.tensors.keys() ?? [])].sort()).toEqual([...expected].sort());
    for (const [n, canonical] of expected.entries()) {
      const { name: own = '' } = naming?.tensors.get(canonical) ?? {};
      const { shape, data } = await file.read(own);
      expect([...data]).toEqual(values(n, sizeOf(shape)));
    }
    await file.close();
  });

  test.each(TUNED)('%s: its optimizer is no weight', async (name) => {
    const file = await openTensorFile(path(name));
    const shapes = new Map([...file.tensors].map(([tensor, { shape }]) => [tensor, shape]));
    expect(nameTensors(shapes)).toMatchObject({ surplus: [], notes: [] });
    await file.close();
  });
});

describe('layers that were given no name', () => {
  const kernels = (widths: readonly number[]) => {
    const inputs = [3, ...widths];
    const rows = widths.map((width, at): [string, number[]][] => {
      const layer = at === 0 ? 'conv2d' : `conv2d_${at}`;
      return [
        [`${layer}/0`, [3, 3, inputs[at] ?? 0, width]],
        [`${layer}/1`, [width]],
      ];
    });
    // As HDF5 lists them: conv2d_10 comes before conv2d_2.
    return new Map(rows.flat().sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const vgg16 = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];

  test('are those of the network that has such kernels, in their order', () => {
    const naming = nameTensors(kernels(vgg16));
    expect(naming?.tensors.get('conv3_3.weight')?.name).toBe('conv2d_6/0');
    expect(naming?.tensors.get('conv5_3.bias')?.name).toBe('conv2d_12/1');
    expect(naming?.tensors.size).toBe(26);
  });

  test('are a VGG of another structure, and said to be, when one kernel differs or is missing', () => {
    const structure = (widths: readonly number[]) => {
      const naming = nameTensors(kernels(widths));
      return naming === undefined ? '' : structureOf(naming);
    };
    expect(structure(vgg16)).toBe(
      'a VGG with 2, 2, 3, 3, 3 convolutions of 64, 128, 256, 512, 512 channels',
    );
    expect(structure(vgg16.with(5, 255))).toContain('256, 255, 256');
    expect(structure(vgg16.slice(0, -1))).not.toBe(structure(vgg16));
  });
});

test('damage to a .keras file gives typed errors', async () => {
  const valid = Uint8Array.from(await readFile(path('tuned.keras')));
  expect(await survives(openKerasArchive, valid)).toBe(true);
  const files = damagedCopies(valid, [0, valid.length]);
  await fc.assert(
    fc.asyncProperty(files, async (bytes) => void (await survives(openKerasArchive, bytes))),
    { numRuns: 100 },
  );
});
