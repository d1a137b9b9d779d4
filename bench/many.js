// What many runs cost: a queue with two workers of one core each beside one worker of two, in turn; and how long a
// run takes from the start of its process to its first step, where its features are in the cache.
//
//   npm run build && node bench/many.js [--runs 12] [--rounds 3] [--starts 10]
//
// It needs redis-server or valkey-server in the PATH, and a machine of two cores or more that does nothing else.
// VGGTUNE_REAL_VGG16 names the weights of a real VGG16, whose start is measured too where they are there.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBroker } from '../test/queue/broker.js';
import { makeWorld, vggtune } from '../test/queue/world.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '3' },
    starts: { type: 'string', default: '10' },
  },
});

const PICTURES = 60;
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function ends(run) {
  const { code, errors } = await run.ended;
  if (code !== 0) throw new Error(`exit ${code}: ${errors()}`);
}

/** Seconds from `batch --queue` to its end, with so many workers of so many threads that wait for it. */
async function queueSeconds(work, { broker, workers, threads, name }) {
  const words = ['worker', '--queue', broker.url, '--threads', String(threads)];
  const started = Array.from({ length: workers }, () => vggtune(work, words));
  const began = performance.now();
  const folders = ['--out', name, '--results', `${name}-results`];
  await ends(vggtune(work, ['batch', 'sweep.yaml', '--queue', broker.url, ...folders]));
  const seconds = (performance.now() - began) / 1000;
  for (const { child } of started) child.kill('SIGTERM');
  await Promise.all(started.map(({ ended }) => ended));
  return seconds;
}

async function measureQueue(work) {
  await makeWorld(work, { runs: Number(values.runs), pictures: PICTURES });
  if (Number(values.rounds) === 0) return;
  const broker = await createBroker(join(work, 'broker'));
  const ratios = [];
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      const of = (workers, threads) => {
        const name = `${round}-${workers}`;
        return queueSeconds(work, { broker, workers, threads, name });
      };
      const [one, two] = [await of(1, 2), await of(2, 1)];
      console.log(
        `${values.runs} runs: one worker of two cores ${one.toFixed(1)} s, two of one core ${two.toFixed(1)} s`,
      );
      ratios.push(one / two);
    }
  } finally {
    broker.stop();
  }
  console.log(`two workers of one core: ${median(ratios).toFixed(2)} times as fast`);
}

/** Seconds from the start of the process to the first step of training. */
async function startSeconds(work, flags) {
  const began = Date.now();
  await ends(vggtune(work, ['train', 'pictures', '--out', 'started', '--overwrite', ...flags]));
  const lines = readFileSync(join(work, 'started', 'events.ndjson'), 'utf8').split('\n');
  const first = JSON.parse(lines.find((line) => line.includes('"type":"step"')));
  return (Date.parse(first.time) - began) / 1000;
}

async function measureStart(work, { name, flags }) {
  const all = [...flags, '--strategy', 'head', '--head.fit', 'steps', '--epochs', '1'];
  const found = [];
  for (let at = 0; at <= Number(values.starts); at++) found.push(await startSeconds(work, all));
  const [first, ...others] = found;
  console.log(
    `${name}, Node.js ${process.version}: first step after ${median(others).toFixed(2)} s (${Math.min(...others).toFixed(2)} to ${Math.max(...others).toFixed(2)}), ${first.toFixed(2)} s where nothing is in the cache`,
  );
}

const work = mkdtempSync(join(tmpdir(), 'vggtune-many-'));
try {
  await measureQueue(work);
  await measureStart(work, { name: 'vgg-nano', flags: ['--backbone', 'vgg-nano'] });
  const real = process.env.VGGTUNE_REAL_VGG16;
  if (real !== undefined) {
    const flags = ['--weights', real, '--weights.preprocessing', 'keras', '--size', '64'];
    await measureStart(work, { name: 'vgg16, 64 pixels', flags });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
