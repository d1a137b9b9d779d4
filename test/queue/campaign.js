import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vggtune } from './world.js';

/** Milliseconds between two kills. */
const [SHORTEST, LONGEST] = [1500, 6000];
const BROKER_AWAY = 5000;
/** A batch that takes longer hangs. */
const LIMIT = 45 * 60_000;

/**
 * A batch by the queue, disturbed. Of the kills every other one ends the worker alone, as a lack of memory does, and
 * leaves the process of its run, which then stops at a checkpoint; the others end both at once, as a machine that goes off does.
 */
export async function campaign({ work, broker, say, random, workers, kills, restarts }) {
  const began = performance.now();
  const all = [];
  const start = () => {
    const worker = vggtune(work, ['worker', '--queue', broker.url, '--threads', '1']);
    all.push(worker);
    return worker;
  };
  const batch = vggtune(work, [
    'batch',
    'sweep.yaml',
    '--out',
    'queued',
    '--results',
    'queued-results',
    '--queue',
    broker.url,
  ]);
  const living = Array.from({ length: workers }, start);
  const told = { workers, kills: [], restarts: 0, broker: broker.version };
  const over = batch.ended.then((end) => ({ end }));
  const isOver = () => Promise.race([over, sleep(0)]);
  while (told.kills.length < kills && (await isOver()) === undefined) {
    await Promise.race([over, sleep(SHORTEST + random() * (LONGEST - SHORTEST))]);
    const victim = await busyWorker(living, { random, over });
    if (victim === undefined) break;
    const whole = told.kills.length % 2 === 1;
    told.kills.push({ run: runningIn(living[victim]), whole });
    process.kill(whole ? -living[victim].child.pid : living[victim].child.pid, 'SIGKILL');
    await living[victim].ended;
    say(`kill ${told.kills.length} of ${kills}: ${finished(work)} runs have ended`);
    if (
      told.restarts < restarts &&
      told.kills.length >= ((told.restarts + 1) * kills) / (restarts + 1)
    ) {
      told.restarts++;
      await broker.restart(BROKER_AWAY);
      say('the broker was killed, and is there again');
    }
    // Later, because a worker that finds no broker when it starts says so and ends.
    living[victim] = start();
  }
  const { end } = await Promise.race([
    over,
    sleep(LIMIT, undefined, { ref: false }).then(() => ({ end: { code: 'none' } })),
  ]);
  for (const { child } of living) child.kill('SIGINT');
  const ends = await Promise.all(living.map(({ ended }) => ended));
  return {
    ...told,
    seconds: (performance.now() - began) / 1000,
    batchCode: end.code,
    batchErrors: batch.errors(),
    workerCodes: ends.map(({ code }) => code),
    kept: all.reduce(
      (sum, { errors }) => sum + errors().split('was finished already').length - 1,
      0,
    ),
  };
}

/** A worker that has a run: to kill an idle one would show nothing. */
async function busyWorker(living, { random, over }) {
  for (;;) {
    const busy = living.flatMap((worker, at) => (runningIn(worker) === undefined ? [] : [at]));
    if (busy.length > 0) return busy[Math.floor(random() * busy.length)];
    if ((await Promise.race([over, sleep(200)])) !== undefined) return undefined;
  }
}

/** The run that a worker has, by what it has said. */
function runningIn({ errors }) {
  const lines = errors().matchAll(/^(sweep\/seed=\d+): (\w+)/gm);
  const last = [...lines].at(-1);
  return last?.[2] === 'started' ? last[1] : undefined;
}

function finished(work) {
  const path = join(work, 'queued-results', 'results.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).counts.passed : 0;
}
