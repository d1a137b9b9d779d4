// What an export of a full-size network takes: peak memory of the whole export, in a process of its
// own for each format, and how much faster int8 is than float, in alternating rounds.
//
//   node bench/exports.js [--backbone vgg16] [--head vgg] [--classes 1000] [--formats a,b]
//                         [--limit GiB] [--rounds 10] [--no-speed] [--json]
//
// The weights are random: time and memory do not depend on what they hold. The pictures are those of
// the demo. Exits 1 where a format takes more memory than the limit.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EMOJI_PACKAGE } from './emoji-package.js';

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);

const { values } = parseArgs({
  options: {
    backbone: { type: 'string', default: 'vgg16' },
    head: { type: 'string', default: 'vgg' },
    classes: { type: 'string', default: '1000' },
    formats: { type: 'string' },
    limit: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '10' },
    'no-speed': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
});

const IMAGES = { train: 16, val: 10 };

if (values.child === undefined) await main();
else await child(JSON.parse(values.child));

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'vggtune-exports-'));
  try {
    // The network is made in a process that ends before the measuring begins.
    const made = inChild({ work: 'make', home });
    const { EXPORT_FORMATS } = await load('config/schema.js');
    const formats = values.formats?.split(',') ?? EXPORT_FORMATS;
    const needed = values['no-speed'] ? [] : ['onnx', 'onnx-int8'];
    const rows = [];
    for (const format of formats) {
      rows.push({ format, ...inChild({ work: 'export', home, format }) });
      if (!values.json) console.log(line(rows.at(-1)));
      if (!needed.includes(format)) rmSync(join(home, format), { recursive: true, force: true });
    }
    const isThere = needed.every((format) => formats.includes(format));
    const speed = isThere && needed.length > 0 ? inChild({ work: 'speed', home }) : undefined;
    conclude({ made, rows, speed });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function inChild(job) {
  const args = [...process.argv.slice(1), '--child', JSON.stringify(job)];
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (done.status !== 0) throw new Error(`${JSON.stringify(job)}: ${done.stderr || done.error}`);
  return JSON.parse(done.stdout);
}

function gibibytes(bytes) {
  return (bytes / 2 ** 30).toFixed(2);
}

function line({ format, peak, size, seconds, verification }) {
  const { readBy, largestDifference, agreement } = verification;
  const columns = [
    format.padEnd(12),
    `${gibibytes(peak)} GiB peak`,
    `${(size / 1e6).toFixed(0).padStart(4)} MB written`,
    `${seconds.toFixed(0).padStart(4)} s`,
    `largest difference ${largestDifference.toPrecision(2)}, same class ${100 * agreement} %`,
    `(${readBy})`,
  ];
  return columns.join('  ');
}

function conclude({ made, rows, speed }) {
  const limit = Number(values.limit) * 2 ** 30;
  const over = rows.filter(({ peak }) => peak > limit).map(({ format }) => format);
  const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), load: loadavg()[0] };
  if (values.json) console.log(JSON.stringify({ machine, ...made, rows, speed, over }));
  else {
    console.log(`${made.parameters} parameters; ${machine.cpu}, ${machine.cores} cores`);
    if (speed !== undefined) {
      const { float, int8, times } = speed;
      const ms = (seconds) => `${(1000 * seconds).toFixed(0)} ms`;
      console.log(`an image: float ${ms(float)}, int8 ${ms(int8)}, ${times.toFixed(2)} times`);
    }
    console.log(over.length === 0 ? `all within ${values.limit} GiB` : `OVER: ${over.join(', ')}`);
  }
  process.exitCode = over.length === 0 ? 0 : 1;
}

async function child({ work, home, format }) {
  const works = {
    make: () => make(home),
    export: () => exportOne(home, format),
    speed: () => speed(home),
  };
  process.stdout.write(JSON.stringify(await works[work]()));
}

/** A run folder as training leaves it, with random weights. */
async function make(home) {
  const { buildNetwork } = await load('network/build.js');
  const { TORCHVISION_PREPROCESSING: preprocessing } = await load('network/preprocessing.js');
  const { randomWeights } = await load('weights/initialise.js');
  const { describeModel, toMetadata } = await load('export/metadata.js');
  const { writeSafetensors } = await load('formats/safetensors.js');
  const { buildEmojiFolder } = await load('pipeline/demo/demo-data.js');
  const { root } = await buildEmojiFolder({
    source: EMOJI_PACKAGE,
    target: join(home, 'pictures'),
  });
  const labels = Array.from({ length: Number(values.classes) }, (_, i) => `class ${i}`);
  const head = { kind: values.head, dropout: 0.5, hidden: 256 };
  const { backbone } = values;
  const network = buildNetwork({ backbone, head, classes: labels.length, preprocessing });
  const weights = randomWeights(network, 1);
  const model = describeModel(network, { head, labels, background: '#ffffff' });
  const run = join(home, 'run');
  await mkdir(join(run, 'model'), { recursive: true });
  await writeSafetensors(join(run, 'model', 'model.safetensors'), weights, toMetadata(model));
  const record = (name, value) => writeFile(join(run, name), JSON.stringify(value));
  await record('config.yaml', { data: root });
  await record('split.json', splitOf(root, labels));
  await record('plan.json', { version: 1, strategy: 'scratch', provenance: { source: 'random' } });
  const counts = [...weights.values()].map(({ data }) => data.length);
  return { parameters: counts.reduce((sum, count) => sum + count, 0) };
}

function splitOf(root, classes) {
  const all = readdirSync(root, { recursive: true }).filter((path) => path.endsWith('.png'));
  const count = IMAGES.train + IMAGES.val;
  const some = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
  const images = some.map((path) => ({ path, hash: path, label: 0 }));
  // Spread, so that both sides have pictures of all kinds.
  const isTrain = (_, i) => (i * IMAGES.train) % count < IMAGES.train;
  const train = images.filter(isTrain);
  const val = images.filter((...each) => !isTrain(...each));
  return { version: 1, classes, train, val, test: [] };
}

async function exportOne(home, format) {
  const { exportRun } = await load('pipeline/export/export-run.js');
  const started = performance.now();
  const out = join(home, format);
  const run = join(home, 'run');
  const [done] = await exportRun({ run, formats: [format], out, emit: () => {} });
  const files = readdirSync(out, { recursive: true }).map((path) => statSync(join(out, path)));
  return {
    peak: process.resourceUsage().maxRSS * 1024,
    size: files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0),
    seconds: (performance.now() - started) / 1000,
    verification: done.verification,
  };
}

/** Median seconds an image of both, and the median of the rounds' ratios. */
async function speed(home) {
  const { openOnnxRunner } = await load('engines/onnx/session-file.js');
  const open = (format) => openOnnxRunner(join(home, format, 'model.onnx'), { device: 'cpu' });
  const runners = { float: await open('onnx'), int8: await open('onnx-int8') };
  const shape = [1, 224, 224, 3];
  const pixels = Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 2654435761) % 251);
  const seconds = { float: [], int8: [] };
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const [name, runner] of Object.entries(runners)) {
      const started = performance.now();
      await runner.run(pixels, shape);
      if (round >= 0) seconds[name].push((performance.now() - started) / 1000);
    }
  }
  const times = median(seconds.float.map((value, round) => value / seconds.int8[round]));
  return { float: median(seconds.float), int8: median(seconds.int8), times };
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
