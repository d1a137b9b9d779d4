import { Worker } from 'node:worker_threads';

/**
 * Keeps files fresh: each is written again with its own content every so often, so that its time of
 * change, by the clock of the file system, says that its owner lives.
 *
 * It is done in a thread of its own: an engine holds the main one for as long as a step takes.
 */
export interface Heartbeat {
  stop(): void;
}

/** CommonJS, because it is run from a string: there is no file to find, built or not. */
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
