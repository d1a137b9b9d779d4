import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';
import { exportRun } from '../../src/pipeline/export.ts';
import { predict } from '../../src/pipeline/predict.ts';
import { train } from '../../src/pipeline/train.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { testStorage } from '../storage.ts';

const context = {
  storage: testStorage(),
  signal: new AbortController().signal,
  emit: () => {},
};

/** Each export, the variable that names a Python for it (`.ci/run` makes them), and what is imported. */
const EXPORTS = [
  ['onnx', 'KERAS_PYTHON', 'onnxruntime'],
  ['onnx-plain', 'KERAS_PYTHON', 'onnxruntime'],
  ['keras', 'KERAS_PYTHON', 'Keras 3'],
  ['pytorch', 'TORCH_PYTHON', 'torchvision'],
  ['savedmodel', 'TENSORFLOW_PYTHON', 'TensorFlow'],
] as const;

/**
 * Of a probability. Pillow and libvips round in other places, so that pixels differ by up to two of 255, and a network
 * that tells colours apart is undecided about grey images.
 */
const TOLERANCE = 0.05;

/** Names that most encodings lack, and one that an encoding of some bytes takes for another. */
const CLASSES = { red: 'café', green: 'тест', blue: "日本 'x'" };

/** A Python whose own encoding is ASCII, as on servers; on Windows it is another one for each country. */
const ASCII = { LC_ALL: 'C', PYTHONUTF8: '0', PYTHONCOERCECLOCALE: '0' };

const SAMPLES = new URL('../fixtures/images/samples/', import.meta.url).pathname;

let home: string;
let images: Readonly<Record<string, string>>;
let expected: Readonly<Record<string, readonly [string, number]>>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-snippets-'));
  const data = await pictureFolder(12, join(home, 'pictures'));
  for (const [name, other] of Object.entries(CLASSES)) {
    await rename(join(data, name), join(data, other));
  }
  const run = join(home, 'run');
  const values = {
    ...{ data, out: run, backbone: 'vgg-nano', strategy: 'head', cache: false },
    export: [],
  };
  await train({ ...context, settings: Settings.of({ origin: 'test', values }) });
  const formats = EXPORTS.map(([format]) => format);
  await exportRun({ ...context, run, formats, out: join(home, 'exports') });
  images = await picturesOfKinds(join(data, CLASSES.red, '1.png'));
  const predictions = await predict({ ...context, run, inputs: Object.values(images), topK: 1 });
  const byPath = new Map(predictions.map((each) => [each.path, each]));
  expected = Object.fromEntries(
    Object.entries(images).map(([name, path]) => {
      const found = byPath.get(path);
      if (found === undefined || 'error' in found) throw new Error(`${name}: not predicted`);
      const [first] = found.guesses;
      return [name, [first?.label ?? '', first?.probability ?? Number.NaN]];
    }),
  );
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** One image as files of many kinds, and kinds that sharp cannot write, by Pillow. */
async function picturesOfKinds(source: string): Promise<Record<string, string>> {
  const image = () => sharp(source).resize(150, 110, { fit: 'fill' });
  const kinds = {
    upright: image().jpeg({ quality: 95 }),
    turned: image().rotate(90).jpeg({ quality: 95 }).withMetadata({ orientation: 8 }),
    transparent: image().ensureAlpha(0.4).png(),
    palette: image().ensureAlpha(0.4).png({ palette: true }),
    grey: image().greyscale().jpeg({ quality: 95 }),
    'grey of 16 bits': image().greyscale().toColourspace('grey16').png(),
    'colours of 16 bits': image().toColourspace('rgb16').png(),
  };
  const made: Record<string, string> = {};
  for (const [name, picture] of Object.entries(kinds)) {
    made[name] = join(home, `${name}.image`);
    await picture.toFile(made[name]);
  }
  for (const name of ['cmyk.jpg', 'cmyk.tif', 'la.png', 'bit1.png', 'palette.gif', 'exif6.jpg']) {
    made[name] = join(home, name);
    await copyFile(join(SAMPLES, name), made[name]);
  }
  return made;
}

it.each(EXPORTS)(
  'the snippet of %s, as it stands, gives what predict gives',
  async (format, variable) => {
    const python = process.env[variable];
    if (python === undefined) throw new Error(`${variable} is not set: the path of a Python`);
    const script = join(import.meta.dirname, 'snippets.py');
    const named = Object.entries(images).map(([name, path]) => `${name}=${path}`);
    const quiet = { KERAS_BACKEND: 'jax', TF_CPP_MIN_LOG_LEVEL: '2' };
    const env = { ...quiet, ...process.env, ...ASCII, PYTHONIOENCODING: 'utf-8' };
    const command = [script, join(home, 'exports', format), ...named];
    const { stdout } = await promisify(execFile)(python, command, { env });
    const found: Record<string, [string, number]> = JSON.parse(
      stdout.trim().split('\n').at(-1) ?? '',
    );
    expect(Object.keys(found)).toEqual(Object.keys(images));
    for (const [name, [label, probability]] of Object.entries(found)) {
      const [wanted = '', sure = Number.NaN] = expected[name] ?? [];
      expect(label, name).toBe(wanted);
      expect(Math.abs(probability - sure), name).toBeLessThan(TOLERANCE);
    }
  },
);

it('load.py prints the names of classes where the machine has no letters for them', async () => {
  const { TORCH_PYTHON: python, ...rest } = process.env;
  if (python === undefined) throw new Error('TORCH_PYTHON is not set: the path of a Python');
  const path = images.upright ?? '';
  const script = join(home, 'exports', 'pytorch', 'load.py');
  const { stdout } = await promisify(execFile)(python, [script, path], {
    env: { ...rest, ...ASCII },
  });
  expect(stdout).toContain(`${path} ${expected.upright?.[0]} `);
});
