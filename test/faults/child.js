import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/vggtune.js', import.meta.url));
const SHIM = fileURLToPath(new URL('./shim.cjs', import.meta.url));

/** A process that has not ended by then hangs. */
const LIMIT_MS = Number(process.env.FAULT_LIMIT ?? 300) * 1000;
const LOOK_MS = 15;
/** The kernel counts in hundredths of a second. */
const TICKS = 100;

/** Seconds of processor time of a process; undefined where the system does not say. */
function processorSeconds(pid) {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}

/**
 * Starts the command line in a world. `at` is called once, when the process has used so many seconds of
 * processor time (of real time where that is not known): how far it is then does not depend on what else
 * the machine does.
 *
 * @param options `faults`: for the shim; `files`: the most open files; `at`: [seconds, what to do]
 * @returns promise of how it ended; `child` is the process
 */
export function start(world, words, options = {}) {
  const { faults, files, at, counts } = options;
  const node = [...(faults || counts ? ['--require', SHIM] : []), BIN, ...words];
  const [command, args] =
    files === undefined
      ? [process.execPath, node]
      : ['bash', ['-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ...node]];
  const fired = `${world}/tmp/fired`;
  rmSync(fired, { force: true });
  const child = spawn(command, args, {
    cwd: world,
    env: {
      ...process.env,
      NO_COLOR: '1',
      VGGTUNE_CACHE: options.cache ?? 'cache',
      FAULT_PLAN: JSON.stringify(faults ?? []),
      FAULT_COUNTS: counts ?? '',
      FAULT_FIRED: fired,
      TMPDIR: `${world}/tmp`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const isTimed = at !== undefined || files !== undefined;
  const ended = watched(child, at).then((found) => ({
    ...found,
    fired: existsSync(fired) || (isTimed && !found.late),
  }));
  return { child, ended };
}

function watched(child, at) {
  let stdout = '';
  let stderr = '';
  let seconds = 0;
  let hung = false;
  const began = performance.now();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  let todo = at;
  const timer = setInterval(() => {
    const real = performance.now() - began;
    seconds = processorSeconds(child.pid) ?? real / 1000;
    if (todo !== undefined && seconds >= todo[0]) {
      const [, act] = todo;
      todo = undefined;
      act(child);
    }
    if (real > LIMIT_MS) {
      hung = true;
      child.kill('SIGKILL');
    }
  }, LOOK_MS);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      const wall = (performance.now() - began) / 1000;
      // What was to be done at a time that never came is done before anybody looks.
      const late = todo !== undefined;
      done({ code, signal, stdout, stderr, hung, seconds, wall, late });
    });
  });
}

export const run = (world, words, options) => start(world, words, options).ended;
