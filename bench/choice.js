// How good the advised strategies are: what `advise` says of each choice of training pictures, with trials and
// without, beside the test accuracies that all four strategies reach there (`recipes.js`), as a table.
//
//   npm run build && node bench/recipes.js --backbone vgg-nano --strategies head,top,all,scratch
//   node bench/choice.js --backbone vgg-nano
//
// The advisor sees the training pictures alone. What is finished is kept in the work folder, and what trials found
// in its cache: another prior is judged in little time.

import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { confidencePlot } from './recipes/choice-plot.js';
import { adviceTable, priorTable } from './recipes/choice-table.js';
import { linesOf } from './recipes/lines.js';
import { buildSet, SEEDS, SETS } from './recipes/sets.js';

const HELP = `node bench/choice.js [options]

  --backbone NAME   vgg-nano (default), or vgg16 (VGGTUNE_REAL_VGG16 names its weights)
  --size n          side of the images in pixels (default: 64, and 128 for vgg16)
  --sets a,b        only these
  --seeds 0,1,2     choices of training pictures (default: ${SEEDS.join(',')})
  --threads n       of the engine (default: one a core)
  --as NAME         the name of the accuracies in recipes.ndjson (default: as it is)
  --work FOLDER     pictures and results (default: recipes-work)
  --table           only prints the table of what is there
  --plot FILE       only draws confidence against how often it was right, as SVG
  --prior           only prints what strategies reach over the head, with each set left out`;

const { values: options } = parseArgs({
  options: {
    backbone: { type: 'string', default: 'vgg-nano' },
    size: { type: 'string' },
    sets: { type: 'string' },
    seeds: { type: 'string', default: SEEDS.join(',') },
    threads: { type: 'string' },
    as: { type: 'string', default: 'as it is' },
    work: { type: 'string', default: 'recipes-work' },
    table: { type: 'boolean', default: false },
    prior: { type: 'boolean', default: false },
    plot: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const dist = new URL('../dist/', import.meta.url);
const size = Number(options.size ?? (options.backbone === 'vgg16' ? 128 : 64));

async function main() {
  if (options.help) return console.log(HELP);
  const home = resolve(options.work);
  await mkdir(home, { recursive: true });
  const results = join(home, 'advice.ndjson');
  if (options.prior) {
    return console.log(priorTable(await linesOf(join(home, 'recipes.ndjson')), options.as));
  }
  const of = { backbone: options.backbone, size, as: options.as };
  const known = async () => [await linesOf(results), await linesOf(join(home, 'recipes.ndjson'))];
  if (options.plot !== undefined) {
    return writeFile(options.plot, await confidencePlot(...(await known()), of));
  }
  if (!options.table) await adviseAll(home, results);
  console.log(adviceTable(...(await known()), of));
}

async function adviseAll(home, results) {
  const weights = options.backbone === 'vgg16' ? process.env.VGGTUNE_REAL_VGG16 : 'auto';
  if (weights === undefined) throw new Error('VGGTUNE_REAL_VGG16 names no file of weights');
  const names = options.sets?.split(',') ?? SETS.map(({ name }) => name);
  const known = await linesOf(results);
  for (const seed of options.seeds.split(',').map(Number)) {
    for (const set of SETS.filter(({ name }) => names.includes(name))) {
      const of = { set: set.name, seed, size, backbone: options.backbone };
      if (known.some((line) => Object.entries(of).every(([key, value]) => line[key] === value)))
        continue;
      const data = await buildSet(set, { home, seed });
      const line = { ...of, ...(await adviceOn(data, { home, weights })) };
      await appendFile(results, `${JSON.stringify(line)}\n`);
      const { withTrials, without } = line;
      console.error(
        `${set.name} ${seed}: ${withTrials.strategy}, without trials ${without.strategy}`,
      );
    }
  }
}

async function adviceOn(data, { home, weights }) {
  const { advise } = await import(new URL('pipeline/advise.js', dist).href);
  const { Settings } = await import(new URL('config/settings.js', dist).href);
  const folder = join(home, 'choice-cache');
  const reportBy = (budget) => {
    const { backbone, threads } = options;
    const values = { data, backbone, weights, image: { size }, advise: { budget } };
    return advise({
      settings: Settings.of({ origin: 'bench', values }),
      storage: { folder },
      estimates: false,
      signal: new AbortController().signal,
      emit: () => {},
      ...(threads !== undefined && { threads: Number(threads) }),
    });
  };
  const without = await reportBy('0');
  const report = await reportBy('auto');
  const { similarity, size: found } = report;
  return {
    images: found.images,
    classes: found.classes,
    gain: similarity.gain ?? null,
    skill: similarity.skill ?? null,
    withTrials: said(report.advice),
    without: said(without.advice),
    trials: report.trials,
  };
}

const said = ({ strategy, runnerUp, confidence, difference }) => ({
  strategy,
  runnerUp,
  confidence: confidence.value,
  difference,
});

await main();
