// Compares what `plan` says each strategy will take with what the run then takes: time from start to
// end of the process, and peak memory. Each is a process of its own, on a cold feature cache, the
// estimate right before the run; medians of some rounds.
//
//   node bench/estimates.js [--backbone vgg-nano] [--data FOLDER] [--epochs 4] [--size N] [--rounds 3]
//
// The weights are random ones in a file: to the advisor they are pretrained, and time and memory do
// not depend on what they hold.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EMOJI_PACKAGE } from './emoji-package.js';

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);

const { values } = parseArgs({
  options: {
    backbone: { type: 'string', default: 'vgg-nano' },
    data: { type: 'string' },
    epochs: { type: 'string', default: '4' },
    size: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    child: { type: 'string' },
  },
});

const STRATEGIES = ['head', 'all', 'top', 'scratch'];

if (values.child === undefined) await main();
else await child(JSON.parse(values.child));

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'vggtune-estimates-'));
  try {
    const data = values.data ?? (await emojiFolder(join(home, 'emoji')));
    const weights = await weightsFile(join(home, 'weights.safetensors'));
    const settings = settingsOf(data, weights);
    // What the scan finds is remembered: all that is compared comes after it.
    const cache = join(home, 'cache');
    run({ work: 'plan', cache, settings: trainSettings(settings, 'head', join(home, 'none')) });
    console.log('strategy  seconds: estimate  actual  ratio | MB: estimate  actual  ratio');
    const worst = STRATEGIES.map((strategy) => compare(strategy, { home, settings }));
    const ratio = Math.exp(Math.max(...worst));
    console.log(`worst ratio ${ratio.toFixed(2)} (wanted: at most 1.25)`);
    process.exitCode = ratio <= 1.25 ? 0 : 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/** An estimate and the run it is about, one after the other, in rounds. @returns |ln ratio| */
function compare(strategy, { home, settings }) {
  const rounds = Array.from({ length: Number(values.rounds) }, () => {
    const cache = join(home, 'cache');
    rmSync(join(cache, 'features'), { recursive: true, force: true });
    const out = join(home, 'runs', strategy);
    rmSync(out, { recursive: true, force: true });
    const job = trainSettings(settings, strategy, out);
    const { estimate } = run({ work: 'plan', cache, settings: job });
    if (estimate.reason !== undefined) throw new Error(`${strategy}: ${estimate.reason}`);
    return { estimate, actual: run({ work: 'train', cache, settings: job }) };
  });
  const of = (side, key) => median(rounds.map((round) => round[side][key]));
  const ratioOf = (key) =>
    median(rounds.map(({ estimate, actual }) => estimate[key] / actual[key]));
  const columns = [
    strategy.padEnd(9),
    ...['estimate', 'actual'].map((side) => of(side, 'seconds').toFixed(1).padStart(8)),
    ratioOf('seconds').toFixed(2).padStart(6),
    '|',
    ...['estimate', 'actual'].map((side) => (of(side, 'memory') / 1e6).toFixed(0).padStart(7)),
    ratioOf('memory').toFixed(2).padStart(6),
  ];
  console.log(columns.join(' '));
  return Math.max(...['seconds', 'memory'].map((key) => Math.abs(Math.log(ratioOf(key)))));
}

async function emojiFolder(target) {
  const { buildEmojiFolder } = await load('pipeline/demo/demo-data.js');
  return (await buildEmojiFolder({ source: EMOJI_PACKAGE, target })).root;
}

async function weightsFile(path) {
  const { buildNetwork } = await load('network/build.js');
  const { BACKBONE_ROWS } = await load('network/catalog.js');
  const { plainPreprocessing } = await load('network/preprocessing.js');
  const { randomWeights } = await load('weights/initialise.js');
  const { writeSafetensors } = await load('formats/safetensors.js');
  const preprocessing = plainPreprocessing(BACKBONE_ROWS[values.backbone].size);
  const network = buildNetwork({
    backbone: values.backbone,
    head: { kind: 'linear', dropout: 0.2, hidden: 1 },
    classes: 2,
    preprocessing,
  });
  const metadata = { preprocessing: JSON.stringify(preprocessing) };
  await writeSafetensors(path, randomWeights(network, 1), metadata);
  return path;
}

function settingsOf(data, weights) {
  return {
    ...{ data, weights, backbone: values.backbone, epochs: Number(values.epochs) },
    ...(values.size !== undefined && { image: { size: Number(values.size) } }),
    ...{ earlyStop: null, schedule: { warmup: 0 } },
  };
}

function trainSettings(settings, strategy, out) {
  const weights = strategy === 'scratch' ? 'random' : settings.weights;
  return { ...settings, strategy, out, weights };
}

function run(job) {
  const args = [...process.argv.slice(1), '--child', JSON.stringify(job)];
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (done.status !== 0) throw new Error(`${job.work}: ${done.stderr || done.error}`);
  return JSON.parse(done.stdout);
}

async function child({ work, settings, cache }) {
  const started = performance.now();
  const { Settings } = await load('config/settings.js');
  const given = Settings.of({ origin: 'bench', values: settings });
  const context = { settings: given, storage: { folder: cache } };
  const { signal } = new AbortController();
  const emit = () => {};
  if (work === 'plan') {
    const { plan } = await load('pipeline/plan.js');
    process.stdout.write(JSON.stringify(await plan({ ...context, signal, emit })));
    return;
  }
  const { train } = await load('pipeline/train.js');
  await train({ ...context, signal, emit });
  const seconds = (performance.now() - started) / 1000;
  const memory = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ seconds, memory }));
}
