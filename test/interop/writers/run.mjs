// Real software writes files of weights, and what is built reads them: npm run test:writers
//
// WRITERS names the Pythons, each with the packages of the file of requirements beside this one:
//
//   for name in torch keras tf; do
//     python3 -m venv /some/folder/$name && /some/folder/$name/bin/pip install -r test/interop/writers/$name.txt
//   done
//   WRITERS=torch=/some/folder/torch/bin/python,keras=...,tf=... npm run test:writers
//
// Without one, its files are left out, which is said. The small files are written to a folder of their own and read by
// test/weights/writers.test.ts, the full-size VGG16s are compared here, logits within 1e-4 of the largest; they take some
// 6 GB of the temporary folder at a time. Prints the tables of docs/weights.md; exits 1 where anything differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '../../../dist/engines/index.js';
import { buildNetwork } from '../../../dist/network/build.js';
import { TORCHVISION_PREPROCESSING } from '../../../dist/network/preprocessing.js';
import { loadWeights } from '../../../dist/weights/load.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const pythons = Object.fromEntries(
  (process.env.WRITERS ?? '')
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split('=')),
);
const SCRIPTS = [
  { name: 'torch', script: 'torch_writers.py', environment: {} },
  { name: 'torch', script: 'trainer_writers.py', environment: {} },
  { name: 'keras', script: 'keras_writers.py', environment: { KERAS_BACKEND: 'jax' } },
  { name: 'tf', script: 'keras_writers.py', environment: { TF_USE_LEGACY_KERAS: '1' } },
];
const LIMIT = 1e-4;

const small = mkdtempSync(join(tmpdir(), 'writers-small-'));
const table = [];
let failures = 0;
try {
  for (const { name, script, environment } of SCRIPTS) {
    const python = pythons[name];
    if (python === undefined) {
      console.log(`left out: ${script}, as WRITERS names no Python for ${name}`);
      continue;
    }
    await writeAndRead({ python, script, environment });
  }
  readSmall();
  console.log(smallTable());
} finally {
  rmSync(small, { recursive: true, force: true });
}
console.log(
  `\n| software | form | difference of the logits |\n| --- | --- | --- |\n${table.join('\n')}`,
);
process.exit(failures > 0 ? 1 : 0);

async function writeAndRead({ python, script, environment }) {
  const full = mkdtempSync(join(tmpdir(), 'writers-full-'));
  try {
    if (!wrote([join(here, script), small, full], { python, environment })) return;
    const pixels = new Uint8Array(readFileSync(join(full, 'pixels.rgb')));
    for (const index of readdirSync(full).filter((file) => file.endsWith('.json'))) {
      for (const row of JSON.parse(readFileSync(join(full, index), 'utf8'))) {
        await compare(row, { path: join(full, row.file), pixels });
      }
    }
  } finally {
    rmSync(full, { recursive: true, force: true });
  }
}

/** Whether a script ended well; what it complained of is shown only where it did not. */
function wrote(command, { python, environment }) {
  try {
    execFileSync(python, command, {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, ...environment },
      maxBuffer: 2 ** 26,
    });
    return true;
  } catch (error) {
    failures++;
    console.log(`${command[0]} failed:\n${String(error.stderr ?? error).slice(-3000)}`);
    return false;
  }
}

async function compare({ software, form, head: kind, logits }, { path, pixels }) {
  const head = { kind, dropout: 0.5, hidden: 1 };
  const build = (preprocessing) =>
    buildNetwork({ backbone: 'vgg16', head, classes: 1000, preprocessing });
  const network = build(TORCHVISION_PREPROCESSING);
  const loaded = await loadWeights({ network, source: path, seed: 0, keepHead: true });
  const engine = await openEngine('onnx', 'cpu');
  const program = await engine.compileForward({
    network: build(loaded.preprocessing),
    from: 0,
    to: network.layers.length,
    weights: loaded.weights,
    batchSize: 1,
  });
  const found = await program.run(pixels, 1);
  await program.release();
  const largest = Math.max(...logits.map(Math.abs));
  const worst = Math.max(...logits.map((value, at) => Math.abs(value - (found[at] ?? Number.NaN))));
  const difference = worst / largest;
  const good = difference <= LIMIT;
  if (!good) failures++;
  table.push(
    `| ${software} | VGG16, ${form} | ${difference.toExponential(1)}${good ? '' : ' DIFFERS'} |`,
  );
  console.log(table.at(-1));
}

/** The test of the kept files, on those that were written just now. */
function readSmall() {
  try {
    execFileSync('npx', ['vitest', 'run', '--project', 'fast', 'test/weights/writers.test.ts'], {
      stdio: 'inherit',
      env: { ...process.env, WRITERS_FOLDER: `${small}/` },
      cwd: join(here, '../../..'),
    });
  } catch {
    failures++;
  }
}

/** What was written and read, by software: a row of docs/weights.md each. */
function smallTable() {
  const rows = readdirSync(small)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => JSON.parse(readFileSync(join(small, file), 'utf8')));
  const lines = [...new Set(rows.map(({ software }) => software))].map((software) => {
    const own = rows.filter((row) => row.software === software);
    const names = (isRefused) =>
      own.filter(({ refused }) => (refused !== undefined) === isRefused).map(({ file }) => file);
    const [read, refused] = [names(false), names(true)];
    return `| ${software} | ${read.length}: ${read.join(', ')} | ${refused.join(', ') || 'none'} |`;
  });
  return `\n| software | files read | refused by name |\n| --- | --- | --- |\n${lines.join('\n')}`;
}
