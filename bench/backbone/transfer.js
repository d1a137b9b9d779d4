// How well the embedded backbone transfers to pictures that it never saw.
//
//   npm run build && node bench/backbone/transfer.js --weights FILE [options]
//
// What is finished is kept in the work folder: a run that was stopped goes on where it was.
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { row, spread } from './figures.js';
import { buildPool, FOLDERS, SETS } from './transfer-data.js';

const HELP = `node bench/backbone/transfer.js [options]

  --weights FILE   weights of vgg-nano: auto (default: the embedded ones), random, or a file; for the
                   probe also several, with commas
  --what a,b       compare: head on these weights against a random backbone, training from scratch and
                   raw pixels; curve: the four strategies at 2 to 32 pictures a class; probe: a
                   linear classifier on the frozen features, quick (default: compare,curve)
  --sets a,b       twitter, stamps, clipart, icons (default: all; the curve is twitter's)
  --seeds n        choices of training pictures (default: 5)
  --per-class n    training pictures a class, for compare and probe (default: 8)
  --stamps FOLDER  of the Debian package tuxpaint-stamps-default
  --clipart FOLDER of the Debian package openclipart-png
  --icons FOLDER   of the Debian package oxygen-icon-theme, 64x64
  --work FOLDER    pictures, runs and results (default: transfer-work)
  --out FILE       the tables (default: on standard output)
  --plot FILE      the curve as SVG`;

const { values: options } = parseArgs({
  options: {
    weights: { type: 'string', default: 'auto' },
    what: { type: 'string', default: 'compare,curve' },
    sets: { type: 'string', default: 'twitter,stamps,clipart,icons' },
    seeds: { type: 'string', default: '5' },
    'per-class': { type: 'string', default: '8' },
    stamps: { type: 'string', default: FOLDERS.stamps },
    clipart: { type: 'string', default: FOLDERS.clipart },
    icons: { type: 'string', default: FOLDERS.icons },
    work: { type: 'string', default: 'transfer-work' },
    out: { type: 'string' },
    plot: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main() {
  if (options.help) return console.log(HELP);
  const home = resolve(options.work);
  await mkdir(home, { recursive: true });
  const { openEngine } = await import('../../dist/engines/index.js');
  const context = {
    home,
    engine: await openEngine('onnx', 'cpu', { emit: () => {} }),
    pools: await pools(home),
    seeds: Array.from({ length: Number(options.seeds) }, (_, seed) => seed),
    perClass: Number(options['per-class']),
  };
  const texts = [];
  for (const what of options.what.split(',')) {
    const part = PARTS[what];
    if (part === undefined) throw new Error(`there is no part "${what}"\n\n${HELP}`);
    texts.push(await part(context));
  }
  const text = texts.join('\n');
  if (options.out === undefined) console.log(text);
  else await writeFile(options.out, text);
}

async function pools(home) {
  const built = [];
  for (const name of options.sets.split(',')) {
    const set = SETS.find((candidate) => candidate.name === name);
    if (set === undefined) throw new Error(`there is no set "${name}"\n\n${HELP}`);
    built.push(await buildPool(set, { home, ...options }));
  }
  return built;
}

const PARTS = { compare, curve, probe: probeTable };

async function opened(context) {
  const { openResults } = await import('./methods.js');
  const { fingerprint, startOf } = await import('./probe.js');
  const { weights } = options;
  const result = await openResults(context);
  return { ...context, result, weights, print: fingerprint(await startOf(weights)) };
}

async function compare(start) {
  const context = await opened(start);
  const { COMPARED, measure } = await import('./methods.js');
  const { compareTable } = await import('./transfer-table.js');
  const rows = [];
  for (const pool of context.pools) {
    const accuracies = {};
    for (const [name, method] of Object.entries(COMPARED)) {
      accuracies[name] = [];
      for (const seed of context.seeds) {
        const choice = { seed, perClass: context.perClass };
        const { accuracy } = await measure(method, { ...context, pool, choice }, context);
        accuracies[name].push(accuracy);
      }
    }
    rows.push({ pool, accuracies });
  }
  return compareTable(rows, context);
}

/** Training pictures a class. */
const SIZES = [2, 4, 8, 16, 32];

async function curve(start) {
  const context = await opened(start);
  const { measure, STRATEGIES } = await import('./methods.js');
  const { curveTable } = await import('./transfer-table.js');
  const { plot } = await import('./plot.js');
  const pool = context.pools.find(({ name }) => name === 'twitter');
  if (pool === undefined) throw new Error('the curve is measured on the set twitter');
  const lines = [];
  for (const [name, values] of Object.entries(STRATEGIES)) {
    const points = [];
    for (const perClass of SIZES) {
      const accuracies = [];
      for (const seed of context.seeds) {
        const choice = { seed, perClass, reserved: Math.max(...SIZES) };
        const of = { ...context, pool, choice };
        accuracies.push((await measure({ values }, of, context)).accuracy);
      }
      points.push({ perClass, accuracies });
    }
    lines.push({ name, points });
  }
  if (options.plot !== undefined) await writeFile(options.plot, plot(lines));
  return curveTable(lines, { ...context, pool });
}

async function probeTable({ pools, ...context }) {
  const { probe, pixelProbe, startOf } = await import('./probe.js');
  const columns = pools.flatMap(({ name }) => [`${name} pool5`, `${name} pool4`]);
  const lines = [row(['weights', ...columns]), row(Array(columns.length + 1).fill('---'))];
  for (const weights of options.weights.split(',')) {
    const start = await startOf(weights);
    const cells = [];
    for (const pool of pools) {
      const found = await probe(pool, start, context);
      cells.push(spread(found.get('pool5')), spread(found.get('pool4')));
    }
    lines.push(row([weights, ...cells]));
  }
  const pixels = [];
  for (const pool of pools) pixels.push(spread(await pixelProbe(pool, context)), '');
  lines.push(row(['raw pixels', ...pixels]));
  return `${lines.join('\n')}\n`;
}

await main();
