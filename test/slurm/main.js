// npm run test:slurm: a job array of docs/examples/slurm.sh on a real Slurm of two nodes, one of which is killed with its job
// in the middle; then a run that takes longer than its job may. See docs/ci.md.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import sharp from 'sharp';
import { Cluster, missingPrograms } from './cluster.js';

const BIN = resolve('bin/vggtune.js');
const RUNS = 12;
const SHARDS = 4;
const EPOCHS = 12;
/** The long run takes about so many seconds; its job may take 60. */
const LONG_SECONDS = 90;
/** A job that a dead node has begun is waited for no longer than that. */
const MOST_SECONDS = 1800;

const sweep = (epochs, seeds) => `data: pictures
backbone: vgg-nano
weights: random
strategy: scratch
epochs: ${epochs}
schedule: {kind: constant, warmup: 0}
earlyStop: null
export: []
matrix: {seed: [${seeds.join(', ')}]}
`;

async function pictures(folder) {
  for (const [name, background] of [
    ['dark', '#203040'],
    ['light', '#c0d0e0'],
    ['red', '#c02020'],
  ]) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let at = 0; at < 12; at++) {
      const image = sharp({ create: { width: 40 + at, height: 48, channels: 3, background } });
      await image.png().toFile(join(folder, name, `${at}.png`));
    }
  }
}

function vggtune(folder, words) {
  return execFileSync(process.execPath, [BIN, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, VGGTUNE_CACHE: join(folder, 'cache') },
  });
}

/** The weights of every run below a folder, by its name. */
function weightsOf(folder) {
  return new Map(
    readdirSync(folder)
      .filter((name) => name.startsWith('seed='))
      .map((name) => [
        name,
        readFileSync(join(folder, name, 'model', 'model.safetensors'), 'base64'),
      ]),
  );
}

/** How many times a run has trained its last epoch. */
function timesEnded(folder, name) {
  const lines = readFileSync(join(folder, name, 'events.ndjson'), 'utf8').split('\n');
  return lines.filter((line) => line.includes('"stage":"done"')).length;
}

const statesOf = (cluster, job) =>
  cluster
    .ask('squeue', ['-h', '-t', 'all', '-r', '-j', job, '-o', '%T %N %i'])
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

async function untilEnded(cluster, job, each = () => {}) {
  const over = ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT', 'NODE_FAIL', 'OUT_OF_MEMORY'];
  for (let waited = 0; waited < MOST_SECONDS; waited += 2) {
    const states = statesOf(cluster, job);
    await each(states);
    if (states.every(([state]) => over.includes(state))) return states;
    await wait(2000);
  }
  throw new Error(`job ${job} has not ended in ${MOST_SECONDS} s`);
}

function check(holds, what) {
  console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}`);
  if (!holds) process.exitCode = 1;
}

async function killedNode(cluster, folder) {
  writeFileSync(
    join(folder, 'sweep.yaml'),
    sweep(
      EPOCHS,
      Array.from({ length: RUNS }, (_, at) => at + 1),
    ),
  );
  const began = performance.now();
  vggtune(folder, ['batch', 'sweep.yaml', '--out', 'whole', '--results', 'whole']);
  const secondsPerEpoch = (performance.now() - began) / 1000 / RUNS / EPOCHS;
  const submitted = ['--parsable', `--array=0-${SHARDS - 1}`, '--output=array-%a.log'];
  const job = cluster
    .ask('sbatch', [...submitted, 'slurm.sh', 'sweep.yaml'], { cwd: folder })
    .trim();
  let killed = '';
  const states = await untilEnded(cluster, job, async (now) => {
    const running = now.find(
      ([state, node, id]) => state === 'RUNNING' && node !== '' && id !== '',
    );
    if (killed !== '' || running === undefined || !hasBegun(folder)) return;
    [, killed] = running;
    console.log(`      ${killed} is killed while it runs ${running[2]}`);
    cluster.killNode(killed);
    // It comes back when the controller has given it up.
    setTimeout(() => cluster.startNode(killed), 40_000).unref();
  });
  check(killed !== '', 'a node was killed while it ran a job');
  check(
    states.every(([state]) => state === 'COMPLETED'),
    `the array has ended: ${states.map(([state]) => state)}`,
  );
  const log = readdirSync(folder)
    .filter((name) => name.startsWith('array-'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  check(
    /Requeue|requeue|NODE FAIL|CANCELLED/i.test(log) || restarts(cluster, job) > 0,
    'the job of the killed node was queued again',
  );
  const [whole, array] = [
    weightsOf(join(folder, 'whole')),
    weightsOf(join(folder, 'runs', 'sweep')),
  ];
  check(array.size === RUNS, `${array.size} of ${RUNS} runs have a model`);
  const differing = [...whole].filter(([name, weights]) => array.get(name) !== weights);
  check(
    differing.length === 0,
    `weights are those of the undisturbed batch, byte for byte (${differing.length} differ)`,
  );
  const twice = [...array.keys()].filter(
    (name) => timesEnded(join(folder, 'runs', 'sweep'), name) !== 1,
  );
  check(twice.length === 0, `each run was trained to its end once (${twice.length} were not)`);
  const collected = JSON.parse(vggtune(folder, ['batch', 'sweep.yaml', '--collect', '--json']));
  check(collected.counts.passed === RUNS, `--collect ranks ${collected.counts.passed} runs`);
  return secondsPerEpoch;
}

/** Whether some run has trained an epoch, so that there is something to lose. */
function hasBegun(folder) {
  const runs = join(folder, 'runs', 'sweep');
  try {
    return readdirSync(runs).some((name) =>
      readFileSync(join(runs, name, 'events.ndjson'), 'utf8').includes('"type":"epoch"'),
    );
  } catch {
    return false;
  }
}

const restarts = (cluster, job) =>
  [...cluster.ask('scontrol', ['show', 'job', job]).matchAll(/Restarts=(\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );

/** A run that takes longer than the minute that its job may. */
async function timeLimit(cluster, folder, secondsPerEpoch) {
  const epochs = Math.max(20, Math.ceil(LONG_SECONDS / secondsPerEpoch));
  writeFileSync(join(folder, 'long.yaml'), sweep(epochs, [1]));
  vggtune(folder, ['batch', 'long.yaml', '--out', 'long-whole', '--results', 'long-whole']);
  const words = [
    '--parsable',
    '--array=0-0',
    '--time=1',
    '--signal=B:TERM@30',
    '--output=long.log',
  ];
  const job = cluster.ask('sbatch', [...words, 'slurm.sh', 'long.yaml'], { cwd: folder }).trim();
  let most = 0;
  const states = await untilEnded(cluster, job, () => {
    most = Math.max(most, restarts(cluster, job));
  });
  check(
    states.every(([state]) => state === 'COMPLETED'),
    `the long job has ended: ${states.map(([state]) => state)}`,
  );
  check(most > 0, `it was queued again ${most} times, by the signal ahead of its limit`);
  const [whole, parts] = [
    weightsOf(join(folder, 'long-whole')),
    weightsOf(join(folder, 'runs', 'long')),
  ];
  check(
    whole.get('seed=1') === parts.get('seed=1'),
    'its weights are those of the undisturbed run, byte for byte',
  );
}

const missing = missingPrograms();
if (missing.length > 0) {
  console.error(
    `${missing.join(', ')} not found: on Debian, apt-get install slurm-wlm munge (as root)`,
  );
  process.exitCode = 5;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'vggtune-slurm-'));
  const cluster = new Cluster(join(folder, 'slurm'));
  try {
    mkdirSync(join(folder, 'slurm'));
    await pictures(join(folder, 'pictures'));
    const program = `#!/bin/sh\nVGGTUNE_CACHE='${join(folder, 'cache')}' exec '${process.execPath}' '${BIN}' "$@"\n`;
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'vggtune'), program);
    chmodSync(join(folder, 'bin', 'vggtune'), 0o755);
    process.env.PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
    writeFileSync(join(folder, 'slurm.sh'), readFileSync('docs/examples/slurm.sh', 'utf8'));
    await cluster.start();
    const secondsPerEpoch = await killedNode(cluster, folder);
    await timeLimit(cluster, folder, secondsPerEpoch);
  } finally {
    cluster.stop();
    if (process.exitCode === undefined) rmSync(folder, { recursive: true, force: true });
    else console.error(`logs are in ${folder}`);
  }
}
