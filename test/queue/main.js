// npm run test:queue: a batch on a real broker, whose workers are killed at random times and which is killed itself
// in the middle. Nothing may be lost, nothing trained to its end twice, and weights must be those of a plain batch.
import { mkdirSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createBroker } from './broker.js';
import { campaign } from './campaign.js';
import { judge } from './judge.js';
import { makeWorld, vggtune } from './world.js';

const HELP = `npm run test:queue -- [options]

  --workers N    workers at the same time (default: 4)
  --runs N       runs of the batch (default: 40)
  --kills N      how often a worker is killed with SIGKILL, and another one started (default: 20)
  --restarts N   how often the broker is killed and started again (default: 1)
  --pictures N   of each of the three classes (default: 40): more make the runs longer
  --seed S       other times and other workers (default: 1)
  --work FOLDER  where all of it is (default: a new folder)
  --json         the counts as one JSON document

It needs redis-server or valkey-server in the PATH (Debian: apt-get install redis-server) and the built
command: \`npm run build\`.`;

const whole = (text) => ({ type: 'string', default: text });
const { values } = parseArgs({
  options: {
    workers: whole('4'),
    runs: whole('40'),
    kills: whole('20'),
    restarts: whole('1'),
    pictures: whole('40'),
    seed: whole('1'),
    work: whole(join(tmpdir(), `vggtune-queue-${process.pid}`)),
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** A generator of numbers from 0 to 1: the same for the same seed. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const say = (line) => process.stderr.write(`${line}\n`);

async function main() {
  const work = resolve(values.work);
  mkdirSync(work, { recursive: true });
  const number = (name) => Number(values[name]);
  await makeWorld(work, { runs: number('runs'), pictures: number('pictures') });
  const cores = String(Math.min(number('runs'), cpus().length));
  say(`${work}: ${values.runs} runs as a plain batch, ${cores} at a time, each with one thread`);
  const plain = vggtune(work, [
    'batch',
    'sweep.yaml',
    '--out',
    'plain',
    '--results',
    'plain-results',
    '--jobs',
    cores,
  ]);
  const { code, errors } = await plain.ended;
  if (code !== 0) throw new Error(`the plain batch exits with ${code}: ${errors()}`);
  const broker = await createBroker(join(work, 'broker'));
  try {
    const told = await campaign({
      ...{ work, broker, say, random: randomNumbers(number('seed')) },
      workers: number('workers'),
      kills: number('kills'),
      restarts: number('restarts'),
    });
    const verdict = judge(work, told);
    process.stdout.write(
      values.json ? `${JSON.stringify(verdict, null, 1)}\n` : `${verdict.table.join('\n')}\n`,
    );
    process.exitCode = verdict.faults.length === 0 ? 0 : 1;
  } finally {
    broker.stop();
  }
}

if (values.help) process.stdout.write(`${HELP}\n`);
else await main();
