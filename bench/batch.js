// What a batch of 12 configs over one data set costs, beside its least: the activations of the frozen
// layers once, and 12 trainings.
//
//   npm run bench:batch -- [--backbone vgg16] [--data FOLDER] [--images 10] [--epochs 10] [--size N]
//                          [--jobs 1]
//
// The batch is the real command, on a cold cache, from the start of its process to its end: settings,
// scans, 12 measurements and 12 written models are in its time. The least is measured apart: the
// extraction in a run of its own on another cold cache, and the training loop of each config in a
// process of its own that finds the activations there. The weights are random ones in a file: time
// does not depend on what they hold. With vgg-nano the frozen layers take no longer than looking for
// near-duplicates does, once for all runs, which is no part of the least: it shows what a run costs.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EMOJI_PACKAGE } from './emoji-package.js';

const MOST = 2;
const RATES = Array.from({ length: 12 }, (_, i) => Number((0.03 / 1.5 ** i).toPrecision(3)));

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);

const { values } = parseArgs({
  options: {
    backbone: { type: 'string', default: 'vgg16' },
    data: { type: 'string' },
    images: { type: 'string', default: '10' },
    epochs: { type: 'string', default: '10' },
    size: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    child: { type: 'string' },
  },
});

if (values.child === undefined) await main();
else await child(JSON.parse(values.child));

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'vggtune-batch-'));
  try {
    const settings = await settingsIn(home);
    const least = await measureLeast(home, settings);
    const batch = await measureBatch(home, settings);
    print(least, batch);
    const ratio = batch.seconds / least.seconds;
    process.exitCode = ratio <= MOST ? 0 : 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function settingsIn(home) {
  const data = values.data ?? (await emojiFolder(join(home, 'emoji')));
  return {
    ...{ data, weights: await weightsFile(join(home, 'weights.safetensors')) },
    ...{ backbone: values.backbone, strategy: 'head', epochs: Number(values.epochs) },
    ...(values.size !== undefined && { image: { size: Number(values.size) } }),
    ...{ earlyStop: null, schedule: { kind: 'constant', warmup: 0 }, export: [] },
  };
}

async function emojiFolder(target) {
  const { buildEmojiFolder } = await load('pipeline/demo/demo-data.js');
  return (
    await buildEmojiFolder({ source: EMOJI_PACKAGE, target, imagesPerClass: Number(values.images) })
  ).root;
}

async function weightsFile(path) {
  const { buildNetwork } = await load('network/build.js');
  const { BACKBONE_ROWS } = await load('network/catalog.js');
  const { plainPreprocessing } = await load('network/preprocessing.js');
  const { randomWeights } = await load('weights/initialise.js');
  const { writeSafetensors } = await load('formats/safetensors.js');
  const preprocessing = plainPreprocessing(BACKBONE_ROWS[values.backbone].size);
  const head = { kind: 'linear', dropout: 0.2, hidden: 1 };
  const network = buildNetwork({ backbone: values.backbone, head, classes: 2, preprocessing });
  const metadata = { preprocessing: JSON.stringify(preprocessing) };
  await writeSafetensors(path, randomWeights(network, 1), metadata);
  return path;
}

/** The extraction of one run and the training loops of all. */
async function measureLeast(home, settings) {
  const cache = join(home, 'cache-alone');
  const runs = [];
  for (const [i, learningRate] of RATES.entries()) {
    const out = join(home, 'alone', String(i));
    const job = { settings: { ...settings, out, optimizer: { learningRate } } };
    const words = [...process.argv.slice(1), '--child', JSON.stringify(job)];
    const { stdout, seconds } = await run(words, cache);
    runs.push({ ...JSON.parse(stdout), whole: seconds });
  }
  const training = runs.reduce((sum, { training }) => sum + training, 0);
  const [{ features, whole }] = runs;
  return { features, training, seconds: features + training, cold: whole };
}

async function measureBatch(home, settings) {
  const file = join(home, 'sweep.json');
  writeFileSync(file, JSON.stringify({ ...settings, matrix: { 'optimizer.learningRate': RATES } }));
  const bin = new URL('../bin/vggtune.js', import.meta.url).pathname;
  const words = [
    'batch',
    file,
    '--jobs',
    values.jobs,
    '--results',
    join(home, 'results'),
    '--json',
  ];
  const out = ['--out', join(home, 'runs')];
  const { stdout, seconds } = await run([bin, ...words, ...out], join(home, 'cache-batch'));
  const { counts } = JSON.parse(stdout);
  if (counts.passed !== RATES.length) throw new Error(`not all runs passed: ${stdout}`);
  return { seconds };
}

function run(words, cache) {
  const started = performance.now();
  const env = { ...process.env, VGGTUNE_CACHE: cache };
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((done, fail) => {
    child.on('close', (code) => {
      if (code !== 0) return fail(new Error(`${words.join(' ')} exits ${code}: ${stderr}`));
      done({ stdout, seconds: (performance.now() - started) / 1000 });
    });
  });
}

/** Trains one config; the time before its first step is that of the activations. */
async function child({ settings }) {
  const { train } = await load('pipeline/train.js');
  const at = {};
  const note = (name) => {
    at[name] ??= performance.now() / 1000;
  };
  const emit = (event) => {
    if (event.type === 'stage') note(event.stage);
    if (event.type === 'train-start') note('start');
  };
  const { Settings } = await load('config/settings.js');
  const { storageFrom } = await load('cli/storage.js');
  const given = Settings.of({ origin: 'bench', values: settings });
  const storage = storageFrom(process.env);
  await train({ settings: given, storage, signal: new AbortController().signal, emit });
  const times = { features: at.start - at.train, training: at.evaluate - at.start };
  process.stdout.write(JSON.stringify(times));
}

function print(least, batch) {
  const rows = [
    ['activations, once', least.features],
    ['12 trainings', least.training],
    ['the least', least.seconds],
    ['the batch', batch.seconds],
    ['12 cold runs alone', least.cold * RATES.length],
  ];
  console.log(`${values.backbone}, ${values.epochs} epochs, ${values.jobs} at a time`);
  for (const [name, seconds] of rows)
    console.log(`${name.padEnd(20)} ${seconds.toFixed(2).padStart(8)} s`);
  const ratio = batch.seconds / least.seconds;
  console.log(`batch / least        ${ratio.toFixed(2).padStart(8)}   (wanted: at most ${MOST})`);
}
