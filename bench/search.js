// What a search is worth: `batch --search` over a few settings on sets of real pictures, within a budget of time, beside
// the settings that it began with. Each is judged by test images that the search never looked at.
//
//   npm run build && node bench/search.js [options]
//
// `recipes/sets.js` says which packages hold the pictures. What is finished is kept in the work folder, a line a set: a
// bench that was stopped goes on where it was.
import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { linesOf } from './recipes/lines.js';
import { buildSet, SETS } from './recipes/sets.js';

/** Eight sets of 123 training images and more, of all kinds; none had a part in how a search goes. */
const USUAL =
  'constellations,emoji-lines,clipart,digits,emoji-rendered,stamps-many,icons-many,scripts-many';

const HELP = `node bench/search.js [options]

  --sets a,b        default: ${USUAL}
  --seed n          choice of training pictures (default: 0)
  --backbone NAME   vgg-nano (default), or vgg16 (VGGTUNE_REAL_VGG16 names its weights)
  --size n          side of the images in pixels (default: 64, and 128 for vgg16)
  --points n        of a search (default: 200)
  --budget TIME     of a search (default: 5m)
  --work FOLDER     pictures and results (default: recipes-work)
  --table           only prints the table of what is there`;

const { values: options } = parseArgs({
  options: {
    sets: { type: 'string', default: USUAL },
    seed: { type: 'string', default: '0' },
    backbone: { type: 'string', default: 'vgg-nano' },
    size: { type: 'string' },
    points: { type: 'string', default: '200' },
    budget: { type: 'string', default: '5m' },
    work: { type: 'string', default: 'recipes-work' },
    table: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const { backbone, budget } = options;
const seed = Number(options.seed);
const size = Number(options.size ?? (backbone === 'vgg16' ? 128 : 64));
const BIN = fileURLToPath(new URL('../bin/vggtune.js', import.meta.url));

/** What somebody would try who knows of no set in particular. */
const SPACE = {
  strategy: ['head', 'top', 'all'],
  'optimizer.learningRate': { min: 3e-5, max: 3e-3, log: true },
  'augment.flip': [0, 0.5],
};

function vggtune(words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

const jsonOf = async (path) => JSON.parse(await readFile(path, 'utf8'));

async function oneSet(name, home) {
  const set = SETS.find((candidate) => candidate.name === name);
  if (set === undefined) throw new Error(`there is no set "${name}"\n\n${HELP}`);
  const folder = join(home, `search-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const base = {
    data: await buildSet(set, { home, seed }),
    backbone,
    image: { size },
    ...(backbone === 'vgg16' && {
      weights: process.env.VGGTUNE_REAL_VGG16,
      weightsPreprocessing: 'keras',
    }),
    export: [],
  };
  const [start, sweep] = [join(folder, 'start.json'), join(folder, 'sweep.json')];
  await writeFile(start, JSON.stringify(base));
  await writeFile(sweep, JSON.stringify({ ...base, out: join(folder, 'runs'), matrix: SPACE }));
  const { search, runs } = searched(sweep, folder);
  const [first] = runs;
  const best = runs.find(({ name }) => name === search.best);
  const figures = {
    default: await tested(folder, ['--config', start, '--advise.budget', '0']),
    advised: await tested(folder, ['--config', start]),
    best: await tested(folder, ['--config', search.bestConfig]),
  };
  await rm(folder, { recursive: true });
  return {
    spent: search.spent,
    budget: search.budget,
    points: runs.filter(({ status }) => status !== 'waiting').length,
    trained: runs.filter(({ status }) => status === 'passed').length,
    chosen: best.name,
    lead: search.lead,
    validation: { default: first.metrics.accuracy, best: best.metrics.accuracy },
    images: figures.best.images,
    test: Object.fromEntries(Object.entries(figures).map(([key, { accuracy }]) => [key, accuracy])),
  };
}

function searched(sweep, folder) {
  const time = ['--search', options.points, '--budget', budget];
  return vggtune(['batch', sweep, ...time, '--results', join(folder, 'results')]);
}

/** The accuracy on the test images of a run with these flags. */
async function tested(folder, flags) {
  const out = join(folder, 'tested');
  vggtune(['train', ...flags, '--out', out, '--overwrite']);
  const { side, images, metrics } = await jsonOf(join(out, 'metrics.json'));
  if (side !== 'test') throw new Error(`${out} was measured on ${side}`);
  return { accuracy: metrics.accuracy, images };
}

const percent = (share) => (100 * share).toFixed(1);

function table(lines) {
  const rows = lines.map(({ set, points, trained, spent, images, validation, test, chosen }) =>
    [
      ...[set, `${points} / ${trained}`, spent.toFixed(0)],
      ...[validation.default, validation.best].map(percent),
      ...[test.default, test.advised, test.best].map(percent),
      ...[images, chosen],
    ].join(' | '),
  );
  const heads =
    'set | points / to their end | seconds | validation: default | best | test: default | advised | best of search | images | chosen';
  return [heads, heads.replaceAll(/[^|]+/g, ' --- '), ...rows]
    .map((row) => `| ${row} |`)
    .join('\n');
}

async function main() {
  if (options.help) return console.log(HELP);
  const home = resolve(options.work);
  await mkdir(home, { recursive: true });
  const results = join(home, 'search.ndjson');
  const of = { backbone, size, seed, asked: budget };
  const isOf = (line) => Object.entries(of).every(([key, value]) => line[key] === value);
  for (const set of options.table ? [] : options.sets.split(',')) {
    if ((await linesOf(results)).some((line) => line.set === set && isOf(line))) continue;
    const found = await oneSet(set, home);
    await appendFile(results, `${JSON.stringify({ set, ...of, ...found })}\n`);
    console.error(
      `${set}: ${percent(found.test.default)} %, searched ${percent(found.test.best)} %`,
    );
  }
  console.log(table((await linesOf(results)).filter(isOf)));
}

await main();
