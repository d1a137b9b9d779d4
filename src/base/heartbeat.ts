import { Worker } from 'node:worker_threads';

/**
 * Rewrites files at a fixed interval with their own content, so that their modification time, by the clock of
 * the file system, shows that their owner is alive. This runs in a thread of its own, because an engine
 * blocks the main thread for the length of a step.
 */
export interface Heartbeat {
  stop(): void;
}

/** This is CommonJS, because it runs from a string: a built package has no such file. */
const THREAD = `
const fs = require('node:fs');
const { parentPort } = require('node:worker_threads');
const timers = new Map();
function beat(path, content) {
  let file;
  try {
    file = fs.openSync(path, 'r+');
    const bytes = Buffer.from(content);
    const found = Buffer.alloc(bytes.length + 1);
    const count = fs.readSync(file, found, 0, found.length, 0);
    // Another process has taken it over: it is no longer ours to keep fresh.
    if (bytes.equals(found.subarray(0, count))) fs.writeSync(file, bytes, 0, bytes.length, 0);
  } catch {
    // A network drive may be away for a while.
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}
parentPort.on('message', ({ path, content, every }) => {
  clearInterval(timers.get(path));
  timers.delete(path);
  if (content !== undefined) timers.set(path, setInterval(beat, every, path, content));
});
`;

let thread: Worker | undefined;
let beating = 0;

/** @param every milliseconds */
export function startHeartbeat(path: string, content: string, every: number): Heartbeat {
  thread ??= startThread();
  const started = thread;
  beating++;
  started.postMessage({ path, content, every });
  let stopped = false;
  return {
    stop: () => {
      if (stopped) return;
      stopped = true;
      beating--;
      started.postMessage({ path });
      if (beating === 0 && thread === started) {
        thread = undefined;
        void started.terminate();
      }
    },
  };
}

function startThread(): Worker {
  const worker = new Worker(THREAD, { eval: true, execArgv: [], stdin: false });
  // A process that has nothing else left to do may end.
  worker.unref();
  // Without a heartbeat the lock is still a lock on this machine.
  worker.on('error', () => {});
  return worker;
}
