// One reader, many inputs, in a process of its own: run.js starts it, watches it, and ends it when an
// input takes too long. Before each input, the input is in a file, so that the parent can name it
// whatever becomes of this process.
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { countAllocations, takeRequested } from './allocations.js';
import { Coverage } from './coverage.js';
import { Inputs } from './inputs.js';
import { judge } from './judge.js';
import { minimise } from './minimise.js';
import { createReader } from './readers/index.js';

const job = JSON.parse(process.argv[2] ?? '{}');
const { name, seed, inputs: most, milliseconds, folder, corpus, guided } = job;
const load = (module) => import(new URL(`../../dist/${module}.js`, import.meta.url).href);

// Most inputs end in an error: its stack costs as much as the reading did.
Error.stackTraceLimit = 5;
countAllocations();
const { createRng } = await load('base/rng');
const reader = await createReader(name, { load, folder, module: job.module });
const found = new Set();
const before = corpusOf(corpus);
const inputs = new Inputs(reader, { rng: createRng('fuzz', name, seed), corpus: before });
const state = openSync(join(folder, 'input'), 'w+');
const counts = { inputs: 0, read: 0, refused: 0, crashes: 0, slowest: 0, multiple: 0, peak: 0 };

/** A batch is judged for what it reaches at once; it is looked at one by one when that is new. */
const BATCH = 64;
/** Memory is measured for every so many inputs, and for every large one. */
const SAMPLED = 16;
const LARGE = 4096;
const keys = new Set();

await main();

async function main() {
  for (const bytes of inputs.seeds) await look(bytes);
  const end = performance.now() + milliseconds;
  const coverage = new Coverage();
  if (guided > 0) coverage.start();
  const enough = busy() + guided;
  while (counts.inputs < most && busy() < enough && performance.now() < end) {
    const batch = Array.from({ length: BATCH }, () => inputs.next());
    for (const bytes of batch) await look(bytes);
    if (coverage.isNew(false)) await keepNew(batch, { coverage, enough });
  }
  if (guided > 0) coverage.stop();
  while (counts.inputs < most && performance.now() < end) {
    const bytes = inputs.next();
    const { key } = await look(bytes);
    if (keys.has(key)) continue;
    keys.add(key);
    inputs.keep(bytes);
  }
  process.send?.({ kind: 'done', counts, kept: inputs.kept });
  closeSync(state);
  process.disconnect?.();
}

/** Milliseconds of processor time that were spent so far. */
function busy() {
  return process.cpuUsage().user / 1000;
}

/** Keeps those of a batch that reach something new: halves are tried until they are found. */
async function keepNew(batch, { coverage, enough }) {
  if (busy() > enough) return;
  coverage.skip();
  for (const bytes of batch) await judge(reader, bytes);
  if (!coverage.isNew(batch.length === 1)) return;
  if (batch.length === 1) {
    inputs.keep(batch[0]);
    return;
  }
  const middle = Math.floor(batch.length / 2);
  await keepNew(batch.slice(0, middle), { coverage, enough });
  await keepNew(batch.slice(middle), { coverage, enough });
}

async function look(bytes) {
  beat(bytes);
  const measured = counts.inputs % SAMPLED === 0 || bytes.length >= LARGE;
  takeRequested();
  const heap = measured ? process.memoryUsage().heapUsed : 0;
  const start = performance.now();
  const verdict = await judge(reader, bytes);
  const time = performance.now() - start;
  counts.inputs++;
  if (time > counts.slowest) counts.slowest = time;
  const requested = takeRequested();
  const grown = measured ? Math.max(0, process.memoryUsage().heapUsed - heap) : 0;
  noteMemory(bytes, requested + grown);
  if (verdict.kind === 'crash') await report(bytes, verdict);
  else counts[verdict.kind]++;
  return verdict;
}

function noteMemory(bytes, taken) {
  if (bytes.length >= LARGE) counts.multiple = Math.max(counts.multiple, taken / bytes.length);
  else counts.peak = Math.max(counts.peak, taken);
  const { floor, multiple } = job.memory;
  if (taken > floor + multiple * bytes.length) {
    found.add('memory');
    process.send?.({ kind: 'memory', bytes: bytes.toString('base64'), taken });
  }
}

/** One input for each place that fails, as small as it becomes in some seconds. */
async function report(bytes, { key, error }) {
  counts.crashes++;
  if (found.has(key)) return;
  found.add(key);
  const small = await minimise(bytes, async (shorter) => {
    beat(shorter);
    return (await judge(reader, shorter)).key === key;
  });
  const stack = String(error?.stack ?? error).slice(0, 1500);
  process.send?.({ kind: 'crash', key, bytes: small.toString('base64'), stack });
}

/** Where the parent finds the number of the input and the input itself. */
function beat(bytes) {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32LE((counts.inputs + 1) >>> 0, 0);
  head.writeUInt32LE(bytes.length, 4);
  writeSync(state, Buffer.concat([head, bytes]), 0, undefined, 0);
}

function corpusOf(path) {
  try {
    return readdirSync(path)
      .sort()
      .map((file) => readFileSync(join(path, file)));
  } catch {
    return [];
  }
}
