// Compares what `advise` says each strategy will take with what the run then takes: time from start
// to end of the process, and peak memory. Each run is a process of its own, on a cold feature cache.
//
//   node bench/estimates.js [--backbone vgg-nano] [--data FOLDER] [--epochs 4] [--size N]
//
// The weights are random ones in a file: to the advisor they are pretrained, and time and memory do
// not depend on what they hold.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);

const { values } = parseArgs({
  options: {
    backbone: { type: 'string', default: 'vgg-nano' },
    data: { type: 'string' },
    epochs: { type: 'string', default: '4' },
    size: { type: 'string' },
    child: { type: 'string' },
  },
});

if (values.child === undefined) await main();
else await child(JSON.parse(values.child));

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'vggtune-estimates-'));
  process.env.VGGTUNE_CACHE = join(home, 'cache');
  try {
    const data = values.data ?? (await emojiFolder(join(home, 'emoji')));
    const weights = await weightsFile(join(home, 'weights.safetensors'));
    const settings = settingsOf(data, weights);
    const report = run({ work: 'advise', settings });
    console.log('strategy  seconds: estimate  actual  ratio | MB: estimate  actual  ratio');
    let worst = 0;
    for (const estimate of report.estimates) {
      if (estimate.reason !== undefined) {
        console.log(`${estimate.strategy}: ${estimate.reason}`);
        continue;
      }
      const { strategy } = estimate;
      rmSync(join(home, 'cache', 'features'), { recursive: true, force: true });
      const out = join(home, 'runs', strategy);
      const actual = run({ work: 'train', settings: trainSettings(settings, strategy, out) });
      const time = estimate.seconds / actual.seconds;
      const memory = estimate.memory / actual.memory;
      for (const ratio of [time, memory]) worst = Math.max(worst, Math.abs(Math.log(ratio)));
      const columns = [
        strategy.padEnd(9),
        ...[estimate.seconds, actual.seconds].map((x) => x.toFixed(1).padStart(8)),
        time.toFixed(2).padStart(6),
        '|',
        ...[estimate.memory, actual.memory].map((x) => (x / 1e6).toFixed(0).padStart(7)),
        memory.toFixed(2).padStart(6),
      ];
      console.log(columns.join(' '));
    }
    console.log(`worst ratio ${Math.exp(worst).toFixed(2)} (wanted: at most 1.25)`);
    process.exitCode = Math.exp(worst) <= 1.25 ? 0 : 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function emojiFolder(target) {
  const { buildEmojiFolder } = await load('pipeline/demo-data.js');
  return (await buildEmojiFolder({ target })).root;
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

async function child({ work, settings }) {
  const started = performance.now();
  const sources = [{ origin: 'bench', values: settings }];
  const { signal } = new AbortController();
  const emit = () => {};
  if (work === 'advise') {
    const { advise } = await load('pipeline/advise.js');
    process.stdout.write(JSON.stringify(await advise({ sources, signal, emit })));
    return;
  }
  const { train } = await load('pipeline/train.js');
  await train({ sources, signal, emit });
  const seconds = (performance.now() - started) / 1000;
  const memory = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ seconds, memory }));
}
