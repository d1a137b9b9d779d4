// npm run bench: how fast the engine is and how much memory it takes, beside PyTorch where there is
// one. Every row runs in processes of its own, in rounds that alternate, so that whatever else the
// machine does falls on all alike.
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { ROWS } from './rows.js';
import { findTorch, torch, vggtune } from './workers.js';

const HELP = `npm run bench -- [options]

  --rows a,b      only these rows: ${ROWS.map(({ name }) => name).join(', ')}
  --rounds n      measured rounds of each, after one that is not (default: 5)
  --quick         two rounds and batches of 8
  --no-torch      without PyTorch
  --json          one JSON document instead of the table

VGGTUNE_BENCH_PYTHON names the Python that has PyTorch; else it is a python3 on the path.`;

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'no-torch': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** What PyTorch is asked for, as the table calls it; torch_reference.py says what each is. */
const VARIANTS = {
  nchw: 'x PyTorch',
  channels_last: 'x channels_last',
  compiled: 'x compiled',
  bfloat16: 'x bfloat16',
};

function chosenRows() {
  const names = options.rows?.split(',') ?? ROWS.map(({ name }) => name);
  return names.map((name) => {
    const row = ROWS.find((candidate) => candidate.name === name);
    if (row === undefined) throw new Error(`there is no row "${name}"\n\n${HELP}`);
    return options.quick ? { ...row, batch: Math.min(row.batch, 8) } : row;
  });
}

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Seconds an image by round, of the engine and of each variant of PyTorch that runs here. */
async function measure(row, { python, rounds }) {
  const workers = { vggtune: vggtune(row) };
  const hello = await workers.vggtune.hello;
  for (const variant of python && row.torch ? Object.keys(VARIANTS) : []) {
    const worker = torch(python, row, variant);
    const { error } = await worker.hello;
    if (error === undefined) workers[variant] = worker;
    else console.error(`  PyTorch cannot run as ${variant} here: ${error}`);
  }
  const seconds = Object.fromEntries(Object.keys(workers).map((name) => [name, []]));
  const peak = {};
  for (let round = -1; round < rounds; round++) {
    for (const [name, worker] of Object.entries(workers)) {
      const answer = await worker.round();
      if (round >= 0) seconds[name].push(answer.seconds);
      peak[name] = answer.peak;
    }
  }
  await Promise.all(Object.values(workers).map((worker) => worker.end()));
  return { row, work: hello.work, seconds, peak };
}

/** How many times as fast as PyTorch: round by round, and the best rounds of both. */
function ratio({ seconds }, variant) {
  const theirs = seconds[variant];
  if (theirs === undefined) return undefined;
  return {
    median: median(theirs.map((value, round) => value / seconds.vggtune[round])),
    best: Math.min(...theirs) / Math.min(...seconds.vggtune),
  };
}

function summary(result) {
  const { row, work, seconds, peak } = result;
  const typical = median(seconds.vggtune);
  const best = Math.min(...seconds.vggtune);
  const variants = Object.keys(VARIANTS).filter((variant) => seconds[variant]);
  const ratios = Object.fromEntries(variants.map((variant) => [variant, ratio(result, variant)]));
  return {
    name: row.name,
    title: row.title,
    batch: row.batch,
    secondsPerImage: { median: typical, best },
    gflops: { median: work / typical / 1e9, best: work / best / 1e9 },
    peakGiB: peak.vggtune / 2 ** 30,
    torch: Object.fromEntries(
      variants.map((variant) => [
        variant,
        {
          secondsPerImage: {
            median: median(seconds[variant]),
            best: Math.min(...seconds[variant]),
          },
          peakGiB: peak[variant] / 2 ** 30,
          ratio: ratios[variant],
        },
      ]),
    ),
    wanted: wanted(row, { typical, ratios, peakGiB: peak.vggtune / 2 ** 30 }),
  };
}

function wanted(row, { typical, ratios, peakGiB }) {
  const judged = [];
  const judge = (text, isMet) => judged.push(`${isMet ? 'met' : 'MISSED'}: ${text}`);
  if (row.ratio && ratios.nchw) judge(`>= ${row.ratio}x PyTorch`, ratios.nchw.median >= row.ratio);
  if (row.memory) judge(`< ${row.memory} GiB`, peakGiB < row.memory);
  if (row.rate) judge(`>= ${row.rate} images/s`, 1 / typical >= row.rate);
  return judged;
}

const COLUMNS = [
  ['', ({ title }) => title],
  ['s/image', ({ secondsPerImage }) => pair(secondsPerImage, 5)],
  ['images/s', ({ secondsPerImage }) => (1 / secondsPerImage.median).toFixed(1)],
  ['GFLOP/s', ({ gflops }) => pair(gflops, 0)],
  ['peak GiB', ({ peakGiB }) => peakGiB.toFixed(2)],
  ...Object.entries(VARIANTS).map(([variant, title]) => [
    title,
    (row) => pair(row.torch[variant]?.ratio, 2),
  ]),
  ['wanted', (row) => row.wanted.join('; ')],
];

const pair = (value, digits) =>
  value === undefined ? '-' : `${value.median.toFixed(digits)} (${value.best.toFixed(digits)})`;

function printTable(summaries) {
  const cells = [
    COLUMNS.map(([title]) => title),
    ...summaries.map((row) => COLUMNS.map(([, of]) => of(row))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
  }
}

async function main() {
  if (options.help) return console.log(HELP);
  const rows = chosenRows();
  const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
  const python = options['no-torch'] ? undefined : findTorch();
  const summaries = [];
  for (const row of rows) {
    console.error(`${row.title} ...`);
    summaries.push(summary(await measure(row, { python, rounds })));
  }
  if (options.json) return console.log(JSON.stringify(summaries, null, 2));
  const threads = availableParallelism();
  const beside = python ? `PyTorch of ${python}` : 'no PyTorch';
  console.log(
    `${threads} threads of ${cpus()[0]?.model}, load ${loadavg()[0].toFixed(1)}, ${beside}`,
  );
  console.log(`medians of ${rounds} rounds, in brackets the best; ratios are of speed\n`);
  printTable(summaries);
}

await main();
