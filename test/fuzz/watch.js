// Runs a reader in a child process and watches it: an input that takes too long ends the child, and so
// does one that takes too much memory; the next child goes on with the rest.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { add, NOTHING } from './sums.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));
const POLL = 500;
/** A reader that ends its process so often is looked at by a person. */
const MOST_CHILDREN = 20;

/**
 * @param {{name: string, inputs: number, milliseconds: number, seed: string, corpus: string,
 *   guided: number, limits: {time: number, heap: number, resident: number, floor: number, multiple: number}}} job
 * @param {(finding: {kind: string, key: string, bytes: Buffer, text: string}) => void} onFinding
 */
export async function watchReader(job, onFinding) {
  let sums = NOTHING;
  const start = performance.now();
  for (let child = 0; child < MOST_CHILDREN; child++) {
    const rest = {
      ...job,
      seed: `${job.seed}-${child}`,
      inputs: job.inputs - sums.inputs,
      milliseconds: job.milliseconds - (performance.now() - start),
    };
    if (rest.inputs <= 0 || rest.milliseconds <= 0) break;
    const ended = await runChild(rest, onFinding);
    sums = add(sums, ended);
    if (ended.done) break;
  }
  return { ...sums, seconds: (performance.now() - start) / 1000 };
}

async function runChild(job, onFinding) {
  const folder = mkdtempSync(join(scratch(), 'vggtune-fuzz-'));
  const { limits, ...rest } = job;
  const { floor, multiple } = limits;
  const child = fork(CHILD, [JSON.stringify({ ...rest, folder, memory: { floor, multiple } })], {
    execArgv: [`--max-old-space-size=${limits.heap}`, '--max-semi-space-size=32'],
    env: { ...process.env, VGGTUNE_CACHE: folder, HOME: folder },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  const run = { counts: undefined, memory: 0, errors: '', why: undefined, resident: 0 };
  child.stderr.on('data', (text) => {
    run.errors = (run.errors + text).slice(-4000);
  });
  child.on('message', (message) => receive(run, message, onFinding));
  const exit = new Promise((done) => {
    child.on('close', (code, signal) => done({ code, signal }));
  });
  const watching = watch({ child, folder, limits, run });
  const { code, signal } = await exit;
  run.ended = true;
  await watching;
  const last = lastInput(folder);
  rmSync(folder, { recursive: true, force: true });
  if (run.counts !== undefined && code === 0) {
    return { ...run.counts, memory: run.memory, resident: run.resident, done: true };
  }
  const kind = run.why ?? 'end';
  const text = `${kind}: the process ended with ${signal ?? code}\n${run.errors}`;
  onFinding({ kind, key: kind, bytes: last.bytes, text });
  const own = { hang: 'hangs', memory: 'memory', end: 'crashes' }[kind];
  const sums = { inputs: last.count, memory: run.memory, resident: run.resident };
  return { ...sums, [own]: (sums[own] ?? 0) + 1, done: false };
}

function receive(run, message, onFinding) {
  if (message.kind === 'done') {
    run.counts = message.counts;
    return;
  }
  const bytes = Buffer.from(message.bytes, 'base64');
  if (message.kind === 'memory') {
    run.memory++;
    if (run.memory > 3) return;
    const text = `${message.taken} bytes taken for ${bytes.length}`;
    onFinding({ kind: 'memory', key: 'memory', bytes, text });
    return;
  }
  onFinding({ kind: 'crash', key: message.key, bytes, text: message.stack });
}

/** Ends the child when it has worked on one input for too long, by its own processor time. */
async function watch({ child, folder, limits, run }) {
  let before = { count: -1, time: 0 };
  while (!run.ended) {
    await sleep(POLL);
    const { count } = lastInput(folder);
    const { time, resident } = usageOf(child.pid);
    run.resident = Math.max(run.resident, resident);
    if (count !== before.count) before = { count, time };
    else if (count > 0 && time - before.time > limits.time) run.why = 'hang';
    if (resident > limits.resident) run.why = 'memory';
    if (run.why !== undefined) {
      child.kill('SIGKILL');
      return;
    }
  }
}

/** Milliseconds of processor time, and bytes in memory. Elsewhere than on Linux: time alone, of the clock. */
function usageOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return {
      time: (Number(fields[11]) + Number(fields[12])) * 10,
      resident: Number(fields[21]) * 4096,
    };
  } catch {
    return { time: performance.now(), resident: 0 };
  }
}

/** The input that the child works on, and its number. */
function lastInput(folder) {
  try {
    const bytes = readFileSync(join(folder, 'input'));
    if (bytes.length < 8) return { count: 0, bytes: Buffer.alloc(0) };
    return { count: bytes.readUInt32LE(0), bytes: bytes.subarray(8, 8 + bytes.readUInt32LE(4)) };
  } catch {
    return { count: 0, bytes: Buffer.alloc(0) };
  }
}

/** A file system in memory, where there is one. */
function scratch() {
  try {
    return statSync('/dev/shm').isDirectory() ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}
