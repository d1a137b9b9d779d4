// Which strategy is best on which data, and which one the advisor chooses: all four trained to their end,
// with the product's own settings, on several data sets with several seeds, and the advice for each set
// beside it, as a table. The advisor sees the training and validation pictures of the first seed.
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
  --scale x            size of the sets, as a share of their full size (default: 1)
  --large-per-class n  from when on a set counts as large for the advisor (default: 120)
  --config FILE        settings for every run, below the ones named here
  --work FOLDER        pictures, runs and results (default: strategies-work)
  --out FILE           the table (default: on standard output)`;

const STRATEGIES = ['head', 'all', 'top', 'scratch'];

const { values: options } = parseArgs({
  options: {
    weights: { type: 'string', default: 'auto' },
    sets: { type: 'string' },
    seeds: { type: 'string', default: '3' },
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
  // By size and similarity alone, and by all that the product does.
  const advice = await adviceOn(data[0], { engine, home, race: 'never' });
  const chosen = await chosenOn(set, { data: data[0], engine, home, done });
  const runs = [];
  for (const seed of seeds) {
    for (const strategy of STRATEGIES) {
      const of = { set: set.name, seed, strategy, freeze: freezeOf(chosen, strategy) };
      const key = JSON.stringify({ ...of, ...settingsKey() });
      const known = done.get(key);
      const run = known ?? (await trainOne(of, { data: data[seed], engine, home }));
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
  return { set, advice, runs, chosen };
}

async function chosenOn(set, { data, engine, home, done }) {
  const largePerClass = options['large-per-class'];
  const key = JSON.stringify({ set: set.name, choice: 'auto', largePerClass, ...settingsKey() });
  const known = done.get(key);
  if (known !== undefined) return known;
  const { advice, race } = await adviceOn(data, { engine, home, race: 'auto' });
  const run = { advice, race };
  await appendFile(join(home, 'results.ndjson'), `${JSON.stringify({ key, run })}\n`);
  console.error(`${set.name}: ${advice.strategy}: ${advice.evidence.join('; ')}`);
  return run;
}

/** Results count for the settings that they were made with. */
const settingsKey = () => {
  const { weights, scale, config } = options;
  return { weights, scale, config };
};

async function finished(home) {
  const text = await readFile(join(home, 'results.ndjson'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line)).map(({ key, run }) => [key, run]));
}

/** The boundary that is advised is that of the strategy that is advised. */
const freezeOf = ({ advice }, strategy) => (advice.strategy === strategy ? advice.freeze : null);

async function settingsOf(values) {
  const { loadConfigFile } = await load('config/load-file.js');
  const { Settings } = await load('config/settings.js');
  const file = options.config === undefined ? [] : loadConfigFile(options.config);
  return Settings.of(...file, { origin: 'bench', values });
}

async function adviceOn(data, { engine, home, race }) {
  const { advise } = await load('pipeline/advise.js');
  const largePerClass = Number(options['large-per-class']);
  const values = { data, backbone: 'vgg-nano', weights: options.weights };
  const settings = await settingsOf({ ...values, advise: { largePerClass, race } });
  const storage = { folder: join(home, 'cache') };
  return advise({ settings, estimates: false, storage, signal, emit, engine });
}

async function trainOne({ seed, strategy, freeze }, { data, engine, home }) {
  const { train } = await load('pipeline/train.js');
  const out = join(home, 'run');
  await rm(out, { recursive: true, force: true });
  const values = {
    ...{ data, out, strategy, seed, backbone: 'vgg-nano', export: [] },
    weights: strategy === 'scratch' ? 'random' : options.weights,
    ...(freeze !== null && { freeze }),
  };
  const started = performance.now();
  const settings = await settingsOf(values);
  const storage = { folder: join(home, 'cache') };
  const { metrics, plan } = await train({ settings, storage, signal, emit, engine });
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
