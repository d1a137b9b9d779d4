import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run, start } from './child.js';
import { addBelongings, filesBelow, hashOf, makePictures } from './world.js';

const SMALL = [
  ...'--backbone vgg-nano --image.size 32 --batch-size 4 --epochs 2'.split(' '),
  ...'--optimizer sgd --learning-rate 0.01 --early-stop none --warmup 0'.split(' '),
];
const DEVICES = { onnx: 'cpu', tensorflow: 'js' };

function training(strategy, engine, more = ['--export', 'safetensors']) {
  const weights = strategy === 'scratch' ? 'random' : 'start.safetensors';
  const words = ['--strategy', strategy, '--weights', weights, '--engine', engine];
  // A step takes seconds in plain JavaScript.
  if (engine === 'tensorflow') words.push(...'--epochs 1 --val 0.6 --refit never'.split(' '));
  return {
    words: [
      'train',
      'data',
      ...SMALL,
      ...words,
      '--device',
      DEVICES[engine],
      ...more,
      '--out',
      'run',
    ],
    runs: ['run'],
    resumes: true,
    result: (name) => /^run\/(model\/|metrics\.json)/.test(name),
  };
}

const STRATEGIES = ['scratch', 'head', 'top', 'all'];
const EXPORTED = ['pytorch', 'keras', 'onnx-plain'];

/**
 * What is disturbed: a command, the run folders that it writes, whether it goes on with --resume, and which
 * files are its result.
 */
export const SCENARIOS = {
  ...Object.fromEntries(
    STRATEGIES.flatMap((name) => [
      [`${name}/onnx`, training(name, 'onnx')],
      [`${name}/tensorflow`, training(name, 'tensorflow')],
    ]),
  ),
  // A run that writes its model in several forms.
  exports: training('head', 'onnx', ['--export', 'safetensors,onnx,pytorch,keras']),
  batch: batchOf(1),
  'batch --jobs 2': batchOf(2),
  ...Object.fromEntries(
    EXPORTED.map((format) => [
      `export ${format}`,
      {
        words: ['export', 'done', '--format', format, '--out', 'exported', '--overwrite'],
        runs: [],
        finished: true,
        result: (name) => name.startsWith('exported/'),
      },
    ]),
  ),
  evaluate: {
    words: ['evaluate', 'done'],
    runs: [],
    finished: true,
    result: (name) => name === 'done/metrics.json',
  },
};

function batchOf(jobs) {
  return {
    words: ['batch', 'sweep.yaml', '--results', 'results', '--jobs', String(jobs)],
    runs: ['runs'],
    result: (name) => /^runs\/.*\/(model\/|metrics\.json)/.test(name),
  };
}

const SWEEP = `data: data
out: runs
strategy: scratch
weights: random
backbone: vgg-nano
engine: onnx
device: cpu
image: { size: 32 }
epochs: 1
batchSize: 4
optimizer: { kind: sgd, learningRate: 0.01 }
export: [safetensors]
matrix:
  seed: [0, 1]
`;

/** What every world begins with: pictures, weights to start from, a finished run, and a person's own files. */
export async function makeBase(home) {
  const base = join(home, 'base');
  if (existsSync(join(base, 'ready'))) return base;
  rmSync(base, { recursive: true, force: true });
  await makePictures(join(base, 'data'));
  addBelongings(base);
  writeFileSync(join(base, 'sweep.yaml'), SWEEP);
  const first = await run(base, SCENARIOS['scratch/onnx'].words);
  if (first.code !== 0) throw new Error(`the first run fails: ${first.stderr}`);
  copyFileSync(join(base, 'run/model/model.safetensors'), join(base, 'start.safetensors'));
  const others = await run(base, SCENARIOS['head/onnx'].words.with(-1, 'done'));
  if (others.code !== 0) throw new Error(`the first run fails: ${others.stderr}`);
  for (const name of ['run', 'cache', 'done/checkpoints'])
    rmSync(join(base, name), { recursive: true, force: true });
  writeFileSync(join(base, 'ready'), '');
  return base;
}

/** A world for one fault. */
export function makeWorld(world, { base, reference, scenario }) {
  rmSync(world, { recursive: true, force: true });
  cpSync(base, world, { recursive: true });
  // An export replaces an earlier one, which must never be gone.
  if (scenario.finished) {
    for (const name of reference.files.filter((file) => file.startsWith('exported/'))) {
      mkdirSync(join(world, name, '..'), { recursive: true });
      copyFileSync(join(reference.world, name), join(world, name));
    }
  }
  return world;
}

/** The undisturbed command: its result, how much processor time and how many calls it takes. */
export async function makeReference(home, { base, name }) {
  const kept = join(home, 'references', name.replaceAll(/[ /]/g, '_'));
  const summary = join(kept, 'tmp', 'summary.json');
  if (existsSync(summary)) return JSON.parse(readFileSync(summary, 'utf8'));
  const scenario = SCENARIOS[name];
  // In the place of the worlds to come: model cards name the file that a run starts from.
  const world = join(home, 'world');
  rmSync(world, { recursive: true, force: true });
  cpSync(base, world, { recursive: true });
  const counts = join(world, 'tmp', 'counts.json');
  const ended = await run(world, scenario.words, { counts });
  if (ended.code !== 0) throw new Error(`${name} fails undisturbed: ${ended.stderr}`);
  const all = filesBelow(world);
  const result = Object.fromEntries(
    all.filter(scenario.result).map((file) => [file, hashOf(join(world, file))]),
  );
  const files = all.filter((file) => !/^(cache|tmp)\//.test(file));
  const calls = JSON.parse(readFileSync(counts, 'utf8'));
  const reference = { world: kept, result, files, calls, seconds: ended.seconds };
  keep(world, kept);
  writeFileSync(summary, JSON.stringify(reference));
  return reference;
}

function keep(world, kept) {
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(dirname(kept), { recursive: true });
  renameSync(world, kept);
}

/** A run that was killed once it had a checkpoint. */
export async function makeHalf(home, { base, name }) {
  const kept = join(home, 'half', name.replaceAll('/', '_'));
  if (existsSync(join(kept, 'tmp', 'ready'))) return kept;
  const world = join(home, 'world');
  rmSync(world, { recursive: true, force: true });
  cpSync(base, world, { recursive: true });
  const { child, ended } = start(world, SCENARIOS[name].words);
  const last = join(world, 'run/checkpoints/last.safetensors');
  const timer = setInterval(() => existsSync(last) && child.kill('SIGKILL'), 3);
  await ended;
  clearInterval(timer);
  if (!existsSync(last)) throw new Error(`${name} ends without a checkpoint`);
  writeFileSync(join(world, 'tmp', 'ready'), '');
  keep(world, kept);
  return kept;
}

/** The command that goes on after a fault. */
export function again(world, scenario) {
  const begun = scenario.resumes && existsSync(join(world, 'run', 'config.yaml'));
  return begun ? ['train', '--resume', 'run'] : scenario.words;
}
