import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { readTensors } from '../../src/formats/tensor-file.ts';
import { recognise } from '../../src/weights/recognise.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** One file of each kind that a program writes, and the ending of another kind. */
const KINDS: readonly (readonly [file: string, wrongEnding: string])[] = [
  ['plain.pth', '.h5'],
  ['legacy.pth', '.safetensors'],
  ['lightning.ckpt', '.onnx'],
  ['timm-saver.pth.tar', '.keras'],
  ['fastai.pth', '.npz'],
  ['mmpretrain.pth', '.pb'],
  ['prefixed.safetensors', '.pth'],
  ['timm-hub.safetensors', '.bin'],
  ['keras2-base.h5', '.pth'],
  ['keras2-base.keras', '.h5'],
  ['keras2-base.weights.h5', '.ckpt'],
  ['keras3-mlp.h5', '.safetensors'],
  ['keras3-mlp.keras', '.pth'],
  ['keras3-mlp.weights.h5', '.onnx'],
  ['plain.onnx', '.pth'],
  ['dynamo.onnx', '.pt'],
  ['tf2onnx.onnx', '.h5'],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damaged-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** All that is taken from a file: which tensor is which, and every number. */
async function contentOf(path: string) {
  const file = await openTensorFile(path);
  try {
    const { family, notes, tensors } = recognise(file);
    const named = [...tensors].map(([name, source]) => `${name} ${source.layout} ${source.name}`);
    const sources = [...tensors.values()].map(({ name }) => name).filter((name) => name !== '');
    return { family, notes, named, read: await readTensors(file, sources) };
  } finally {
    await file.close();
  }
}

async function failure(path: string): Promise<VggtuneError | undefined> {
  try {
    await contentOf(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    return error;
  }
}

describe.each(KINDS)('%s', (name, wrongEnding) => {
  const original = `${FIXTURES}writers/${name}`;

  test(`named ${wrongEnding} it is read as what it is`, async () => {
    const path = join(folder, `renamed${wrongEnding}`);
    await copyFile(original, path);
    const [found, expected] = await Promise.all([contentOf(path), contentOf(original)]);
    expect(found).toEqual(expected);
  });

  test('cut off anywhere it is refused, with what to do', async () => {
    const bytes = await readFile(original);
    const path = join(folder, `cut-${name}`);
    for (const share of [0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
      await writeFile(path, bytes.subarray(0, Math.ceil(bytes.length * share)));
      const error = await failure(path);
      expect(error?.exitCode, `${share} of it`).toBe(3);
      expect(error?.details.found).toBeTruthy();
      expect(error?.details.fix).toBeTruthy();
    }
  });

  test('with the end of another kind of file it is refused, or its tensors stay the same ones', async () => {
    const bytes = await readFile(original);
    const expected = await contentOf(original);
    for (const [other] of KINDS.filter(([kind]) => kind !== name)) {
      const end = await readFile(`${FIXTURES}writers/${other}`);
      const path = join(folder, `mixed-${name}`);
      const half = Math.floor(bytes.length / 2);
      await writeFile(path, Buffer.concat([bytes.subarray(0, half), end.subarray(-half)]));
      if ((await failure(path)) !== undefined) continue;
      // Numbers have no checksum in every format; which of them is which must stay.
      const { read, ...found } = await contentOf(path);
      const { read: numbers, ...rest } = expected;
      expect(found).toEqual(rest);
      expect([...read.keys()]).toEqual([...numbers.keys()]);
    }
  });
});

describe('what lies where weights should be', () => {
  test.each<[string, RegExp, RegExp]>([
    ['arrays.npy', /an array of NumPy/, /safetensors/],
    ['arrays.npz', /arrays of NumPy/, /safetensors/],
    ['packed.zip', /an archive of "vgg16.pth"/, /unpack it/],
    ['packed.tar', /a tar archive/, /unpack it/],
    ['packed.tar.gz', /a packed file/, /unpack it/],
    ['bomb.keras', /compressed/, /save it again/],
    ['bomb.pth', /compressed/, /save it again/],
    ['bomb.h5', /an array of shape \[3,3,3,1048576\] in a file of \d+ bytes/, /download/],
  ])('%s is refused by its name', async (name, found, fix) => {
    const error = await failure(`${FIXTURES}foreign-weights/${name}`);
    expect(error?.exitCode).toBe(3);
    expect(error?.details.found).toMatch(found);
    expect(error?.details.fix).toMatch(fix);
  });

  test.each([
    ['vgg16.tflite', '\x1c\0\0\0TFL3....', 'TensorFlow Lite'],
    ['imagenet-vgg.mat', 'MATLAB 5.0 MAT-file', 'MATLAB'],
    ['VGG_ILSVRC_16_layers.caffemodel', '\n\x12VGG_ILSVRC_16', 'Caffe'],
    ['saved_model.pb', '\x08\x01\x12\x05', 'TensorFlow'],
    ['vgg_16.ckpt', '\0\0\0\0\0\0\0\0', 'TensorFlow'],
  ])('%s is named', async (name, start, found) => {
    const path = join(folder, name);
    await writeFile(path, Buffer.from(start.padEnd(400, '\0'), 'latin1'));
    const error = await failure(path);
    expect(error?.details.found).toContain(found);
    expect(error?.details.fix).toBeTruthy();
  });

  test('a file that claims more than it has is refused before memory is taken', async () => {
    const path = join(folder, 'claims.safetensors');
    const shape = [512, 512, 3, 3];
    const header = JSON.stringify({
      'features.0.weight': { dtype: 'F32', shape, data_offsets: [0, 512 * 512 * 9 * 4] },
    });
    const length = Buffer.alloc(8);
    length.writeUInt32LE(header.length);
    await writeFile(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(16)]));
    const error = await failure(path);
    expect(error?.exitCode).toBe(3);
    expect(error?.details.fix).toBeTruthy();
  });
});
