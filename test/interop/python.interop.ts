import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Exporter, ExportServices } from '../../src/export/exporter.ts';
import { exporter as keras } from '../../src/export/keras.ts';
import { exporter as pytorch } from '../../src/export/pytorch.ts';
import { exporter as savedModel } from '../../src/export/saved-model.ts';
import { CASES, expectedOf, exportModelOf, pictures } from '../export/models.ts';

const unused = () => Promise.reject(new Error('not needed'));
const services: ExportServices = {
  emit: () => {},
  calibrationImages: unused,
  activations: unused,
  runOnnx: unused,
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-interop-'));
  for (const name of Object.keys(CASES)) await writeCase(name);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeCase(name: string): Promise<void> {
  const model = exportModelOf(name);
  const { size } = model.network.preprocessing;
  const images = pictures(size, 3);
  const place = join(folder, name);
  const write = async (exporter: Exporter, form: string) => {
    await mkdir(join(place, form), { recursive: true });
    const request = { model, folder: join(place, form), description: {}, services };
    await exporter.write({ ...request, quantize: 'none' });
    await writeFile(join(place, form, 'labels.json'), JSON.stringify(model.labels));
  };
  await write(keras, 'keras');
  await write(pytorch, 'pytorch');
  await write(savedModel, 'savedmodel');
  await writeFile(join(place, 'case.json'), JSON.stringify({ size }));
  await writeFile(join(place, 'pixels.bin'), Buffer.concat(images));
  const rows = (await expectedOf(model, images)).map((row) => Buffer.from(row.buffer));
  await writeFile(join(place, 'expected.bin'), Buffer.concat(rows));
}

/** A Python that has the packages; `.ci/run` makes one for each. */
it.each([
  ['Keras 3', 'KERAS_PYTHON', 'keras_reads.py'],
  ['torchvision', 'TORCH_PYTHON', 'torch_reads.py'],
  ['TensorFlow', 'TENSORFLOW_PYTHON', 'tensorflow_reads.py'],
])('%s loads the export and gives the same', async (_software, variable, script) => {
  const python = process.env[variable];
  if (python === undefined) throw new Error(`${variable} is not set: the path of a Python`);
  const command = [join(import.meta.dirname, script), folder];
  const env = { KERAS_BACKEND: 'jax', TF_CPP_MIN_LOG_LEVEL: '2', ...process.env };
  const { stdout } = await promisify(execFile)(python, command, { env });
  const differences: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  console.log(script, differences);
  const close = Object.keys(CASES).map((name) => [name, expect.any(Number)]);
  expect(differences).toEqual(Object.fromEntries(close));
  for (const difference of Object.values(differences as Record<string, number>)) {
    expect(difference).toBeLessThan(1e-4);
  }
});
