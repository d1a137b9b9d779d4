// Real software writes files of weights, and what is built reads them: npm run test:writers
//
// WRITERS names the Pythons: torch=PATH (torch, torchvision, timm, lightning, fastai, safetensors, onnx, onnxscript),
// keras=PATH (keras 3, a backend), tf=PATH (tf-keras, tf2onnx). Without one, its files are left out, which is said.
// The small files are written to a folder of their own and read by test/weights/writers.test.ts, the full-size VGG16s
// are compared here, logits within 1e-4 of the largest. Exits 1 where anything differs.
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
      console.log(`left out: ${name}, as WRITERS names no Python for it`);
      continue;
    }
    await writeAndRead({ python, script, environment });
  }
  readSmall();
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
    execFileSync(python, [join(here, script), small, full], {
      stdio: ['ignore', 'inherit', 'ignore'],
      env: { ...process.env, ...environment },
    });
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
