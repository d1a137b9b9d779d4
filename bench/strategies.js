// Which strategy is best on which data, and which one the advisor chooses: all four trained to their
// end on several data sets with several seeds, and the advice for each set beside it, without and with a
// race, as a table. Advice and race see the training and validation pictures of the first seed.
//
//   npm run build && node bench/strategies.js --weights FILE [options]
//
// What is finished is kept in the work folder: a run that was stopped goes on where it was.

import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSet, SETS } from './strategies/sets.js';
import { tableOf } from './strategies/table.js';

const HELP = `node bench/strategies.js [options]

  --weights FILE       weights of vgg-nano: auto (default), random, or a file
  --sets a,b           only these: ${SETS.map(({ name }) => name).join(', ')}
  --seeds n            seeds, each with its own split (default: 3)
  --passes n           pictures that a run of all and top sees in training (default: 4000), and of
                       scratch twice as many, for random weights take longer; at least 8 epochs, and
                       16 of scratch; head keeps its own number of epochs, for its cost
  --scale x            size of the sets, as a share of their full size (default: 1)
  --large-per-class n  from when on a set counts as large for the advisor (default: 120)
  --config FILE        settings for every run, below the ones named here
  --work FOLDER        pictures, runs and results (default: strategies-work)
  --out FILE           the table (default: on standard output)`;

const LEAST_EPOCHS = 8;
const STRATEGIES = ['head', 'all', 'top', 'scratch'];

const { values: options } = parseArgs({
  options: {
    weights: { type: 'string', default: 'auto' },
    sets: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    passes: { type: 'string', default: '4000' },
    scale: { type: 'string', default: '1' },
    'large-per-class': { type: 'string', default: '120' },
    config: { type: 'string' },
    work: { type: 'string', default: 'strategies-work' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { signal } = new AbortController();
const emit = () => {};

async function main() {
  if (options.help) return console.log(HELP);
  const home = resolve(options.work);
  await mkdir(home, { recursive: true });
  process.env.VGGTUNE_CACHE = join(home, 'cache');
  const { openEngine } = await load('engines/index.js');
  const engine = await openEngine('onnx', 'cpu', { emit });
  const sets = chosenSets();
  const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed);
  const rows = [];
  for (const set of sets) rows.push(await measureSet(set, { home, engine, seeds }));
  const table = tableOf(rows, options);
  if (options.out === undefined) console.log(table);
  else await writeFile(options.out, table);
}

function chosenSets() {
  const names = options.sets?.split(',') ?? SETS.map(({ name }) => name);
  return names.map((name) => {
    const set = SETS.find((candidate) => candidate.name === name);
    if (set === undefined) throw new Error(`there is no set "${name}"\n\n${HELP}`);
    return set;
  });
}

async function measureSet(set, { home, engine, seeds }) {
  const done = await finished(home);
  const data = [];
  for (const seed of seeds)
    data.push(await buildSet(set, { home, seed, scale: Number(options.scale) }));
  const advice = await adviceOn(data[0], engine);
  const runs = [];
  for (const seed of seeds) {
    for (const strategy of STRATEGIES) {
      const of = { set: set.name, seed, strategy, freeze: freezeOf(advice, strategy) };
      const key = JSON.stringify({ ...of, ...settingsKey() });
      const known = done.get(key);
      const run = known ?? (await trainOne(of, { data: data[seed], engine, home, advice }));
      if (known === undefined) {
        await appendFile(join(home, 'results.ndjson'), `${JSON.stringify({ key, run })}\n`);
        const figure = (100 * run.accuracy).toFixed(1);
        console.error(
          `${set.name} ${strategy} seed ${seed}: ${figure} % in ${run.seconds.toFixed(0)} s`,
        );
      }
      runs.push(run);
    }
  }
  return {
    set,
    advice,
    runs,
    raced: await raceOn(set, { data: data[0], engine, home, done, advice }),
  };
}

/** What is advised after the default race. */
async function raceOn(set, { data, engine, home, done, advice }) {
  const key = JSON.stringify({ set: set.name, race: 'default', ...settingsKey() });
  const known = done.get(key);
  if (known !== undefined) return known;
  const { adviseByRace } = await load('pipeline/race.js');
  const sources = await sourcesOf(advisedValues(data));
  const { raced, says } = await adviseByRace(advice, { sources, signal, emit, engine });
  const { strategy, confidence } = raced.advice;
  const run = { strategy, confidence: confidence.value, says, results: raced.race };
  await appendFile(join(home, 'results.ndjson'), `${JSON.stringify({ key, run })}\n`);
  console.error(`${set.name}: race: ${says}`);
  return run;
}

/** Results count for the settings that they were made with. */
const settingsKey = () => {
  const { weights, passes, scale, config } = options;
  return { weights, passes, scale, config };
};

async function finished(home) {
  const text = await readFile(join(home, 'results.ndjson'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line)).map(({ key, run }) => [key, run]));
}

/** The boundary that is advised is that of the strategy that is advised. */
const freezeOf = ({ advice }, strategy) => (advice.strategy === strategy ? advice.freeze : null);

async function sourcesOf(values) {
  const { loadConfigFile } = await load('config/load.js');
  const file = options.config === undefined ? [] : loadConfigFile(options.config);
  return [...[file].flat(), { origin: 'bench', values }];
}

async function adviceOn(data, engine) {
  const { advise } = await load('pipeline/advise.js');
  const sources = await sourcesOf(advisedValues(data));
  return advise({ sources, estimates: false, signal, emit, engine });
}

const advisedValues = (data) => ({
  ...{ data, backbone: 'vgg-nano', weights: options.weights },
  advise: { largePerClass: Number(options['large-per-class']) },
});

async function trainOne({ seed, strategy, freeze }, { data, engine, home, advice }) {
  const { train } = await load('pipeline/train.js');
  const out = join(home, 'run');
  await rm(out, { recursive: true, force: true });
  const share = Math.max(LEAST_EPOCHS, Number(options.passes) / advice.data.sides.train);
  const epochs = Math.round(share * (strategy === 'scratch' ? 2 : 1));
  const warmupEpochs = strategy === 'scratch' ? 0 : Math.min(epochs, 20);
  const values = {
    ...{ data, out, strategy, seed, backbone: 'vgg-nano', export: [] },
    weights: strategy === 'scratch' ? 'random' : options.weights,
    ...(strategy !== 'head' && { epochs, warmupEpochs, schedule: { warmup: 0 } }),
    ...(freeze !== null && { freeze }),
  };
  const started = performance.now();
  const { metrics, plan } = await train({ sources: await sourcesOf(values), signal, emit, engine });
  await rm(out, { recursive: true, force: true });
  const seconds = (performance.now() - started) / 1000;
  const { side, images } = metrics;
  return {
    strategy,
    seed,
    seconds,
    side,
    images,
    accuracy: metrics.metrics.accuracy,
    trained: plan.parameters.trained,
  };
}

await main();
