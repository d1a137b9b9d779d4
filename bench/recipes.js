// How good the recipes of the strategies are on the real VGG16: the product's own settings on sets of real
// pictures, three choices of training pictures each, beside what a practised person does with the same
// weights and pictures (`recipes/peers.py`), as a table.
//
//   npm run build && VGGTUNE_REAL_VGG16=FILE.h5 node bench/recipes.js [options]
//
// `recipes/sets.js` says which packages hold the pictures. What is finished is kept in the work folder, a line
// a run: a bench that was stopped goes on where it was.

import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { linesOf } from './recipes/lines.js';
import { buildSet, SEEDS, SETS } from './recipes/sets.js';
import { recipesTable } from './recipes/table.js';

const HELP = `node bench/recipes.js [options]

  --sets a,b          only these: ${SETS.map(({ name }) => name).join(', ')}
  --strategies a,b    only these (default: head,top,all)
  --backbone NAME     vgg16 (default), or vgg-nano, whose weights come with vggtune
  --size n            side of the images in pixels (default: 128; 64 for vgg-nano)
  --seeds 0,1,2       choices of training pictures (default: ${SEEDS.join(',')})
  --set KEY=VALUE     a setting of every run, several times if you like; VALUE is JSON
  --threads n         of the engine (default: one a core)
  --as NAME           the name of these settings in the results (default: as it is)
  --work FOLDER       pictures, runs and results (default: recipes-work)
  --peers FILE        results of recipes/peers.py to put beside them
  --table             only prints the table of what is there`;

const { values: options } = parseArgs({
  options: {
    sets: { type: 'string' },
    strategies: { type: 'string', default: 'head,top,all' },
    backbone: { type: 'string', default: 'vgg16' },
    size: { type: 'string' },
    seeds: { type: 'string', default: SEEDS.join(',') },
    set: { type: 'string', multiple: true, default: [] },
    threads: { type: 'string' },
    as: { type: 'string', default: 'as it is' },
    work: { type: 'string', default: 'recipes-work' },
    peers: { type: 'string' },
    table: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The side of the images by default. */
const SIDES = { vgg16: 128, 'vgg-nano': 64 };
const size = Number(options.size ?? SIDES[options.backbone]);

const dist = new URL('../dist/', import.meta.url);
const { signal } = new AbortController();
const quiet = () => {};

async function main() {
  if (options.help) return console.log(HELP);
  const home = resolve(options.work);
  await mkdir(home, { recursive: true });
  const results = join(home, 'recipes.ndjson');
  if (!options.table) await runAll(home, results);
  const peers = options.peers === undefined ? [] : await linesOf(options.peers);
  console.log(
    recipesTable([...(await linesOf(results)), ...peers], { backbone: options.backbone, size }),
  );
}

async function runAll(home, results) {
  const weights = options.backbone === 'vgg16' ? process.env.VGGTUNE_REAL_VGG16 : 'auto';
  if (weights === undefined) throw new Error('VGGTUNE_REAL_VGG16 names no file of weights');
  const { train } = await import(new URL('pipeline/train.js', dist).href);
  const { Settings } = await import(new URL('config/settings.js', dist).href);
  const { openEngine } = await import(new URL('engines/index.js', dist).href);
  const engine = await openEngine('onnx', 'cpu', {
    emit: quiet,
    ...(options.threads !== undefined && { threads: Number(options.threads) }),
  });
  for (const seed of options.seeds.split(',').map(Number)) {
    for (const set of chosenSets()) {
      for (const strategy of options.strategies.split(',')) {
        const of = {
          set: set.name,
          seed,
          size,
          what: strategy,
          ...(options.backbone !== 'vgg16' && { backbone: options.backbone }),
          as: options.as,
        };
        if (await isThere(results, of)) continue;
        const data = await buildSet(set, { home, seed });
        const run = await trainOne({ train, Settings, engine, weights, data, home, of });
        await appendFile(results, `${JSON.stringify({ ...of, ...run })}\n`);
        const { accuracy, seconds, epochs } = run;
        console.error(
          `${set.name} ${seed} ${strategy} ${options.as}: ${(100 * accuracy).toFixed(1)} % in ${seconds.toFixed(0)} s, best after ${epochs}`,
        );
      }
    }
  }
  await rm(join(home, 'run'), { recursive: true, force: true });
}

function chosenSets() {
  const names = options.sets?.split(',') ?? SETS.map(({ name }) => name);
  return names.map((name) => {
    const set = SETS.find((candidate) => candidate.name === name);
    if (set === undefined) throw new Error(`there is no set "${name}"\n\n${HELP}`);
    return set;
  });
}

const sameRun = (of) => (line) => Object.entries(of).every(([key, value]) => line[key] === value);

const isThere = async (results, of) => (await linesOf(results)).some(sameRun(of));

async function trainOne({ train, Settings, engine, weights, data, home, of }) {
  const out = join(home, `run-${process.pid}`);
  await rm(out, { recursive: true, force: true });
  const values = {
    data,
    out,
    strategy: of.what,
    backbone: options.backbone,
    image: { size: of.size },
    export: [],
    ...(of.what !== 'scratch' && { weights }),
  };
  const asked = options.set.map((text) => settingOf(text));
  const settings = Settings.of({ origin: 'bench', values }, ...asked);
  const storage = { folder: join(home, 'cache') };
  const history = [];
  const notes = [];
  const emit = (event) => {
    if (event.type === 'epoch') history.push(event);
    if (event.type === 'note' || event.type === 'warning') notes.push(event.message);
  };
  const started = performance.now();
  const { metrics } = await train({ settings, storage, signal, emit, engine });
  const seconds = (performance.now() - started) / 1000;
  await rm(out, { recursive: true, force: true });
  const main = history.filter(({ phase }) => phase === 'main');
  return {
    accuracy: metrics.metrics.accuracy,
    seconds,
    images: metrics.images,
    epochs: main.findLastIndex(({ best }) => best) + 1,
    losses: main.map(({ validation }) => validation.loss),
    accuracies: main.map(({ validation }) => validation.accuracy),
    notes: notes.filter((note) => /solved|stopped/.test(note)),
  };
}

/** `optimizer.learningRate=1e-5` as a source of settings. */
function settingOf(text) {
  const at = text.indexOf('=');
  const value = JSON.parse(text.slice(at + 1));
  const values = text
    .slice(0, at)
    .split('.')
    .reduceRight((inner, key) => ({ [key]: inner }), value);
  return { origin: '--set', values };
}

await main();
