import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mutateJson } from '../mutate-json.js';
import { unwrap, wrap } from './safetensors.js';
import { someTensors, words } from './tensors.js';

const PROGRESS = {
  phase: 1,
  epoch: 2,
  batch: 3,
  sums: { loss: 1.5, correct: 2, images: 4 },
  history: [{ loss: 0.5, accuracy: null }, { loss: 0.4 }],
  before: { loss: 0.7 },
  startLosses: [0.5, 0.25],
  clear: [true],
  stopped: false,
  judged: { history: [{ loss: 1 }], before: { loss: 2 }, best: -1 },
};

/** The checkpoint from which a run goes on. */
export async function create({ load, folder }) {
  const { openSafetensors, writeSafetensors } = await load('formats/safetensors');
  const { readTensors } = await load('formats/tensor-file');
  const { memorySource } = await load('formats/byte-source');
  const { checkpointOf } = await load('pipeline/run/checkpoints');
  const path = join(folder, 'last.safetensors');
  const tensors = new Map([
    ...someTensors(),
    ['slot:fc8.bias:m', { shape: [1], data: new Float32Array(1) }],
  ]);
  const metadata = {
    format: 'vggtune-checkpoint',
    version: '1',
    step: '12',
    engine: 'onnx on cpu',
  };
  await writeSafetensors(path, tensors, { ...metadata, progress: JSON.stringify(PROGRESS) });
  return {
    seeds: [await readFile(path)],
    tokens: words(
      '"progress"',
      '"step"',
      '"version"',
      'null',
      '{}',
      '[]',
      '\\"',
      '\\\\',
      'NaN',
      '1e999',
      '-1',
    ),
    read: async (bytes) => {
      const file = await openSafetensors(memorySource(bytes, 'input'));
      const { metadata } = file;
      expectForm(checkpointOf({ tensors: await readTensors(file), metadata }, 'last.safetensors'));
    },
    make: (bytes, { rng }) => {
      const { json, data } = unwrap(bytes);
      const header = JSON.parse(json);
      const own = header.__metadata__;
      if (rng.integer(3) === 0 || own?.progress === undefined)
        return wrap(mutateJson(json, rng), data);
      if (rng.integer(4) === 0)
        header.__metadata__ = JSON.parse(mutateJson(JSON.stringify(own), rng));
      else own.progress = mutateJson(own.progress, rng);
      return wrap(JSON.stringify(header), data);
    },
  };
}

/** What training relies on. */
function expectForm({ progress, state }) {
  const counts = [progress.phase, progress.epoch, progress.batch, state.step];
  const lists = [progress.history, progress.startLosses ?? [], progress.clear ?? []];
  const whole = counts.every((count) => Number.isSafeInteger(count) && count >= 0);
  const sums = ['loss', 'correct', 'images'].every((key) => Object.hasOwn(progress.sums, key));
  if (!whole || !sums || !lists.every(Array.isArray)) {
    throw new Error('a checkpoint that training cannot go on from');
  }
}
