import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, start } from './child.js';
import { again } from './scenarios.js';
import { filesBelow } from './world.js';

const ONNX = ['scratch/onnx', 'head/onnx', 'top/onnx', 'all/onnx'];
const TENSORFLOW = ONNX.map((name) => name.replace('onnx', 'tensorflow'));
const EXPORTS = ['export pytorch', 'export keras', 'export onnx-plain'];

/** At a random time: [seconds of processor time, what to do]. The first tenth is the start of Node. */
const sometime = ({ random, reference }, act) => [random.between(0.1, 1) * reference.seconds, act];
const kill = (child) => child.kill('SIGKILL');

async function killSometime(fault) {
  const { world, scenario } = fault;
  return [await run(world, again(world, scenario), { at: sometime(fault, kill) })];
}

function shimmed(makeFaults) {
  return async (fault) => {
    const { world, scenario } = fault;
    return [await run(world, again(world, scenario), { faults: makeFaults(fault) })];
  };
}

const CODES = ['EIO', 'EMFILE', 'ENOMEM', 'ENOSPC'];
/** What an error may call its cause. */
const CAUSES = {
  EIO: /EIO|i\/o error|disk|drive/i,
  EMFILE: /EMFILE|too many (open )?files/i,
  ENOMEM: /ENOMEM|memory/i,
  ENOSPC: /ENOSPC|no space/i,
  EACCES: /EACCES|permission/i,
};

const canMount = (folder) => {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  return mounted.status === 0 && spawnSync('umount', [folder]).status === 0;
};

/** A disk of its own for a folder, which is too small, and then a little larger. */
async function smallDisk(fault) {
  const { world, scenario, random, on } = fault;
  const folder = join(world, on);
  mkdirSync(folder, { recursive: true });
  const most = on === 'cache' ? 2 ** 18 : 14 * 2 ** 20;
  fault.size = Math.ceil(random.between(fault.size ?? 0.02 * most, 1.05 * most));
  const remount = fault.cleanUp === undefined ? '' : 'remount,';
  const size = ['-o', `${remount}size=${fault.size}`];
  const mounted = spawnSync('mount', ['-t', 'tmpfs', ...size, 'tmpfs', folder]);
  if (mounted.status !== 0) throw new Error(`no disk can be mounted: ${mounted.stderr}`);
  fault.cleanUp = () => spawnSync('umount', [folder]);
  fault.makeRoom = () => spawnSync('mount', ['-o', 'remount,size=512m', folder]);
  const ended = await run(world, again(world, scenario));
  return [{ ...ended, fired: ended.code !== 0 || /cannot be written/.test(ended.stderr) }];
}

/** A folder is moved away at a random time, and put back once the command has ended. */
async function disappearing(fault) {
  const { world, scenario, folder } = fault;
  const path = join(world, folder);
  const away = join(world, 'tmp', 'away');
  const move = () => existsSync(path) && renameSync(path, away);
  const ended = await run(world, again(world, scenario), { at: sometime(fault, move) });
  if (!existsSync(away)) return [ended];
  // A run whose folder was still empty makes it anew, whole.
  const [kept, other] = ended.code === 0 && existsSync(path) ? [path, away] : [away, path];
  rmSync(other, { recursive: true, force: true });
  if (kept !== path) renameSync(kept, path);
  return [ended];
}

/** Two runs on one cache, of which one is killed. */
async function sharedCache(fault) {
  const { world, scenario, random } = fault;
  const other = start(world, scenario.words.with(-1, 'other'));
  const late = random.between(0, 0.5) * fault.reference.seconds * 1000;
  await new Promise((done) => setTimeout(done, late));
  const killed = await run(world, scenario.words, { at: sometime(fault, kill) });
  const survivor = await other.ended;
  fault.alsoIn = 'other';
  return [killed, { ...survivor, who: 'the other run' }];
}

function shift({ random, reference }) {
  const hours = random.pick([-24 * 365 * 10, -24, -1.5, -0.01, 0.02, 1.5, 24, 24 * 365 * 10]);
  return { kind: 'clock', at: random.integer(1, reference.calls.dates), shift: hours * 3_600_000 };
}

/** The clock jumps; in half of the cases the process is killed too, and the next one has another clock. */
async function jumpingClock(fault) {
  const { world, scenario, random } = fault;
  const first = await run(world, scenario.words, {
    faults: [shift(fault)],
    ...(random.uniform() < 0.5 && { at: sometime(fault, kill) }),
  });
  if (first.signal !== 'SIGKILL') return [first];
  const faults = [{ ...shift(fault), at: 1 }];
  return [first, await run(world, again(world, scenario), { faults })];
}

/** No hard links, and another host name after the kill: all that is left of the lock is its heartbeat. */
async function noLinks(fault) {
  const { world, scenario, random } = fault;
  const faults = [{ kind: 'no-links' }];
  const first = await run(world, scenario.words, { faults, at: sometime(fault, kill) });
  if (first.signal !== 'SIGKILL') return [first];
  const moved = random.uniform() < 0.3 ? [{ kind: 'host', name: 'elsewhere' }] : [];
  return [first, await run(world, again(world, scenario), { faults: [...faults, ...moved] })];
}

/** A bit of a file changes while a run is stopped; it is put back after the first try to go on. */
async function flippedBit(fault) {
  const { world, scenario, random, among } = fault;
  const name = random.pick(filesBelow(world).filter((file) => among.test(file)));
  if (name === undefined) throw new Error(`there is no file ${among}`);
  const path = join(world, name);
  const bytes = readFileSync(path);
  const most = random.uniform() < 0.6 ? Math.min(3000, bytes.length) : bytes.length;
  const at = random.integer(0, most - 1);
  const changed = Buffer.from(bytes);
  changed[at] ^= 1 << random.integer(0, 7);
  writeFileSync(path, changed);
  fault.note = `${name}, byte ${at}`;
  fault.cause = new RegExp(name.split('/').at(-1).replaceAll('.', '\\.'));
  const ended = await run(world, again(world, scenario));
  if (ended.code !== 0) writeFileSync(path, bytes);
  return [{ ...ended, fired: true }];
}

const ofCalls = ({ random, reference }) => random.integer(1, reference.calls.calls);
const ofChanges = ({ random, reference }) => random.integer(1, reference.calls.changes);

/**
 * The kinds of faults. `share`: of the whole; `scenarios`: they take turns; `chain`: the most in a row,
 * each to what goes on after the one before; `inject` returns how each disturbed process ended; `cause`: what an honest error says.
 */
export const KINDS = {
  kill: {
    what: 'SIGKILL at a random time',
    share: 0.26,
    scenarios: [...ONNX, 'exports'],
    chain: 5,
    inject: killSometime,
  },
  'kill-tensorflow': {
    what: 'the same, on TensorFlow.js',
    share: 0.05,
    scenarios: TENSORFLOW,
    chain: 3,
    inject: killSometime,
  },
  'kill-write': {
    what: 'SIGKILL before, in the middle of or after a change to a file',
    share: 0.14,
    chain: 4,
    scenarios: [...ONNX, 'exports'],
    inject: shimmed((fault) => [
      { kind: 'kill', at: ofChanges(fault), when: fault.random.pick(['before', 'half', 'after']) },
    ]),
  },
  'kill-export': {
    what: 'the same, while an export replaces an earlier one, and in evaluate',
    share: 0.07,
    chain: 4,
    scenarios: [...EXPORTS, 'evaluate'],
    inject: shimmed((fault) => [
      { kind: 'kill', at: ofChanges(fault), when: fault.random.pick(['before', 'half', 'after']) },
    ]),
  },
  'kill-batch': {
    what: 'SIGKILL of a batch at a random time',
    share: 0.04,
    scenarios: ['batch', 'batch --jobs 2'],
    chain: 3,
    inject: killSometime,
  },
  'shared-cache': {
    what: 'two runs on one cache, one of them killed',
    share: 0.03,
    scenarios: ['head/onnx', 'top/onnx'],
    inject: sharedCache,
  },
  'small-disk': {
    what: 'a disk (tmpfs) that is full: of the run, of the cache',
    share: 0.07,
    chain: 4,
    scenarios: ONNX,
    prepare: ({ random }) => ({ on: random.pick(['run', 'run', 'cache']) }),
    cause: CAUSES.ENOSPC,
    possible: canMount,
    inject: smallDisk,
  },
  'full-disk': {
    what: 'writes fail after so many bytes, the last one in the middle',
    share: 0.08,
    chain: 4,
    scenarios: [...ONNX, ...EXPORTS, 'exports'],
    cause: CAUSES.ENOSPC,
    inject: shimmed(({ random, reference }) => [
      { kind: 'full', after: Math.floor(random.between(0, 1) * reference.calls.bytes) },
    ]),
  },
  gone: {
    what: 'the folder of the images, the run or the cache disappears',
    share: 0.06,
    chain: 3,
    scenarios: ONNX,
    prepare: ({ random }) => ({ folder: random.pick(['data', 'data', 'run', 'cache']) }),
    cause: /data|run|cache/,
    inject: disappearing,
  },
  error: {
    what: 'EIO, EMFILE, ENOMEM or ENOSPC at a random call, once, for a while or from then on',
    share: 0.14,
    chain: 4,
    scenarios: [...ONNX, ...EXPORTS, 'evaluate', 'batch'],
    prepare: ({ random }) => ({ code: random.pick(CODES) }),
    causeOf: ({ code }) => CAUSES[code],
    inject: shimmed((fault) => [
      {
        kind: 'error',
        code: fault.code,
        times: fault.random.pick([1, 1, 4, 1e9]),
        at: ofCalls(fault),
      },
    ]),
  },
  'few-files': {
    what: 'a limit of open files (ulimit -n)',
    share: 0.02,
    scenarios: ONNX,
    cause: /EMFILE|too many (open )?files/i,
    inject: async ({ world, scenario, random }) => [
      await run(world, again(world, scenario), { files: random.integer(24, 60) }),
    ],
  },
  clock: {
    what: 'the clock jumps by seconds to ten years, forth or back',
    share: 0.04,
    scenarios: ONNX,
    inject: jumpingClock,
  },
  'no-links': {
    what: 'a file system without hard links; after a kill sometimes another host name',
    share: 0.02,
    scenarios: ONNX,
    inject: noLinks,
  },
  flip: {
    what: 'a flipped bit in a checkpoint of a stopped run',
    share: 0.06,
    scenarios: ['scratch/onnx', 'top/onnx'],
    half: true,
    chain: 4,
    prepare: () => ({ among: /^run\/checkpoints\/[^/]*\.safetensors$/ }),
    inject: flippedBit,
  },
  'flip-cache': {
    what: 'a flipped bit in cached activations',
    share: 0.02,
    scenarios: ['top/onnx'],
    half: true,
    prepare: () => ({ among: /^cache\/features\/.*\.(rows|json)$/ }),
    inject: flippedBit,
  },
};
