// How well `vggtune audit` finds planted faults: a share of the labels of real sets is flipped, and the ranking of the
// suspects is judged by its average precision, beside cleanlab's (`audit/cleanlab_peer.py`), and by the accuracy on
// clean test images of heads that were fitted with and without the suspects.
//
//   npm run build && node bench/audit.js --work recipes-work --out audit.ndjson [options]
//
// The sets are those of `recipes/sets.js`. A line a set, rate and draw is appended; what is there is not done again.
// Features and predictions are left in OUT.work for the peer.

import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { linesOf } from './recipes/lines.js';

const HELP = `node bench/audit.js [options]

  --work FOLDER    of bench/recipes.js, with data/NAME-SEED (default: recipes-work)
  --out FILE       results (default: audit.ndjson)
  --sets a,b       names with seeds, as foods-0
  --backbone NAME  vgg-nano (default), or vgg16, whose file VGGTUNE_REAL_VGG16 names
  --size n         side of the images (default: 64, and 128 for vgg16)
  --rates a,b      shares of the labels that are flipped (default: 0.05,0.2)
  --draws n        draws of the flipped labels (default: 2)
  --no-clean       do not measure the accuracy on clean test images`;

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    work: { type: 'string', default: 'recipes-work' },
    out: { type: 'string', default: 'audit.ndjson' },
    sets: { type: 'string', default: 'foods-0,landscapes-0,surfaces-0,scripts-0,digits-0' },
    backbone: { type: 'string', default: 'vgg-nano' },
    size: { type: 'string' },
    rates: { type: 'string', default: '0.05,0.2' },
    draws: { type: 'string', default: '2' },
    clean: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
  },
});

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { signal } = new AbortController();
const emit = () => {};
const size = Number(options.size ?? (options.backbone === 'vgg16' ? 128 : 64));

async function main() {
  if (options.help) return console.log(HELP);
  const folder = `${options.out}.work`;
  await mkdir(folder, { recursive: true });
  const done = new Set((await linesOf(options.out)).map(({ key }) => key));
  const { openEngine } = await load('engines/index.js');
  const engine = await openEngine('onnx', 'cpu', { emit });
  for (const set of options.sets.split(',')) {
    const sides = {};
    for (let draw = 0; draw < Number(options.draws); draw++) {
      for (const rate of options.rates.split(',').map(Number)) {
        const key = [options.backbone, size, set, rate, draw].join(' ');
        if (done.has(key)) continue;
        sides.train ??= await featuresOf(engine, set, 'train');
        if (options.clean) sides.test ??= await featuresOf(engine, set, 'test');
        const result = await judge(sides, { set, rate, draw, stem: join(folder, key) });
        await appendFile(options.out, `${JSON.stringify({ key, ...result })}\n`);
        console.log(key, JSON.stringify(result));
      }
    }
  }
}

async function featuresOf(engine, set, side) {
  const [{ Settings }, { scanDataset }, { groupNearDuplicates }, { imageFeatures }] =
    await Promise.all(
      [
        'config/settings.js',
        'dataset/scan.js',
        'dataset/near-duplicate-groups.js',
        'pipeline/audit/image-features.js',
      ].map(load),
    );
  const data = join(resolve(options.work), 'data', set, side);
  const weights = options.backbone === 'vgg16' ? process.env.VGGTUNE_REAL_VGG16 : 'auto';
  const values = {
    ...{ data, backbone: options.backbone, weights, strategy: 'head', out: 'none' },
    ...{ head: { kind: 'levels' }, image: { size } },
  };
  const config = Settings.of({ origin: 'bench', values }).for();
  const cache = join(resolve(options.out), '..', 'cache');
  const index = await scanDataset(data, { cache, emit, signal });
  const groups = await groupNearDuplicates(index, { cache, background: '#ffffff', emit, signal });
  const context = { storage: { folder: cache }, signal, emit, engine, offline: true };
  return imageFeatures(config, { index, groups }, context);
}

/** Other classes for a share of the labels, each drawn evenly. */
async function flipped(labels, { classes, rate, seed }) {
  const { createRng } = await load('base/rng.js');
  const rng = createRng('audit-flips', ...seed);
  const count = Math.max(1, Math.round(rate * labels.length));
  const chosen = new Set(rng.shuffle([...labels.keys()]).slice(0, count));
  return labels.map((label, at) => {
    if (!chosen.has(at)) return label;
    return (label + 1 + rng.integer(classes - 1)) % classes;
  });
}

async function judge({ train, test }, { set, rate, draw, stem }) {
  const { outOfFold } = await load('solver/out-of-fold.js');
  const { labelFindings, REPEATS } = await load('pipeline/audit/label-findings.js');
  const { fitHead } = await load('solver/fit-head.js');
  const clean = train.problem.labels;
  const { classes } = train.problem;
  const labels = await flipped(clean, { classes, rate, seed: [set, rate, draw] });
  const problem = { ...train.problem, labels };
  const bad = labels.map((label, at) => label !== clean[at]);
  const started = performance.now();
  const found = await outOfFold(problem, { repeats: REPEATS });
  const findings = labelFindings(found, problem);
  const seconds = (performance.now() - started) / 1000;
  const once = await fitHead(problem);
  await writeFile(
    `${stem}.json`,
    JSON.stringify({
      ...{ set, rate, draw, labels, classes, bad, levels: problem.levels },
      backbone: options.backbone,
      probabilities: [...found.probabilities],
      once: [...once.heldOut].map(Math.exp),
      features: [...problem.features].map((value) => Number(value.toPrecision(6))),
      ranking: findings.wrongness,
    }),
  );
  const suspects = findings.isSuspect;
  const hits = bad.filter((isBad, at) => isBad && suspects[at]).length;
  const own = (at) => found.probabilities[at * classes + labels[at]];
  const rounded = (value) => Number(value.toFixed(4));
  return {
    ...{ set, rate, draw, images: labels.length, flipped: bad.filter(Boolean).length },
    ...{ suspects: suspects.filter(Boolean).length, hits, wrong: rounded(findings.wrong) },
    agreement: rounded(findings.agreement),
    audit: rounded(averagePrecision(findings.wrongness, bad)),
    self: rounded(
      averagePrecision(
        labels.map((_, at) => -own(at)),
        bad,
      ),
    ),
    seconds: rounded(seconds),
    ...(test !== undefined && (await cleanAccuracies(problem, { test, suspects, clean }))),
  };
}

/** As scikit-learn's `average_precision_score`: scores that are equal are one step. */
function averagePrecision(scores, bad) {
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
  const total = bad.filter(Boolean).length;
  let [sum, hits, before] = [0, 0, 0];
  order.forEach((at, rank) => {
    if (bad[at]) hits++;
    const isLast = rank + 1 === order.length || scores[order[rank + 1]] !== scores[at];
    if (!isLast) return;
    sum += (hits / (rank + 1)) * (hits - before);
    before = hits;
  });
  return sum / total;
}

/** Accuracy on clean test images of heads that were fitted to all labels, to those not suspected, and to the true ones. */
async function cleanAccuracies(problem, { test, suspects, clean }) {
  const kept = [...problem.labels.keys()].filter((at) => !suspects[at]);
  const all = await accuracyOf(problem, test);
  const without = await accuracyOf(some(problem, kept), test);
  const ideal = await accuracyOf({ ...problem, labels: clean }, test);
  return { all, without, ideal };
}

function some(problem, kept) {
  const width = problem.features.length / problem.labels.length;
  const features = new Float32Array(kept.length * width);
  kept.forEach((at, row) => {
    features.set(problem.features.subarray(at * width, (at + 1) * width), row * width);
  });
  const of = (list) => kept.map((at) => list[at]);
  return {
    ...{ ...problem, features, images: kept.length },
    ...{ labels: of(problem.labels), groups: of(problem.groups) },
  };
}

async function accuracyOf(problem, test) {
  const { fitHead } = await load('solver/fit-head.js');
  const { standardised } = await load('solver/standardise.js');
  const { statistics, kernel, bias } = await fitHead(problem);
  const { features, labels } = test.problem;
  const rows = standardised(features, labels.length, statistics);
  const width = rows.length / labels.length;
  const right = labels.filter((label, at) => {
    const scores = [...bias].map((b, c) => {
      let sum = b;
      for (let i = 0; i < width; i++) sum += kernel[c * width + i] * rows[at * width + i];
      return sum;
    });
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return Number((right.length / labels.length).toFixed(4));
}

await main();
process.exit(0);
