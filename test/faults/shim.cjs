// Loaded into a process of vggtune before its own code (`node --require`): makes calls to the file system
// fail, ends the process at one of them, or shifts its clock, as the variable FAULT_PLAN says.
// It is CommonJS, so that it replaces functions before any module has taken them.
const fs = require('node:fs');
const fsp = require('node:fs/promises');
const os = require('node:os');
const { syncBuiltinESMExports } = require('node:module');

const faults = JSON.parse(process.env.FAULT_PLAN || '[]');
const home = process.cwd();
const counts = { calls: 0, changes: 0, bytes: 0, dates: 0 };
const of = (kind) => faults.find((fault) => fault.kind === kind);
const [failing, full, killing, clock] = ['error', 'full', 'kill', 'clock'].map(of);
/** Paths of open files, by descriptor and by handle. */
const descriptors = new Map();
const handles = new WeakMap();

const WORDS = {
  EIO: 'i/o error',
  EMFILE: 'too many open files',
  ENOMEM: 'not enough memory',
  ENOSPC: 'no space left on device',
  EPERM: 'operation not permitted',
  EACCES: 'permission denied',
};

function systemError(code, syscall, path) {
  fired();
  const errno = -os.constants.errno[code];
  const message = `${code}: ${WORDS[code]}, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code, errno, syscall, path });
}

/** Only what vggtune does in its own folders counts, not the loading of its code. */
function isOurs(path) {
  if (typeof path !== 'string' || path.startsWith('file:')) return false;
  if (path === process.env.FAULT_FIRED || path === process.env.FAULT_COUNTS) return false;
  return !path.startsWith('/') || path.startsWith(home);
}

const { appendFileSync } = fs;
let told = false;
/** Says that the fault has come about: a run that goes on may be over before. */
function fired() {
  if (told || !process.env.FAULT_FIRED) return;
  told = true;
  appendFileSync(process.env.FAULT_FIRED, '1');
}

function killNow() {
  fired();
  process.kill(process.pid, 'SIGKILL');
}

/** @returns what to do once the call is made */
function beforeCall({ name, path, changes }) {
  if (!isOurs(path)) return undefined;
  counts.calls++;
  if (changes) counts.changes++;
  if (failing !== undefined) {
    const at = counts.calls - failing.at;
    if (at >= 0 && at < failing.times) throw systemError(failing.code, name, path);
  }
  if (name === 'link' && of('no-links') !== undefined) throw systemError('EPERM', name, path);
  if (full !== undefined && changes && counts.bytes >= full.after && MAKES.has(name)) {
    throw systemError('ENOSPC', name, path);
  }
  if (killing === undefined || !changes || counts.changes !== killing.at) return undefined;
  // Only a write has a middle.
  if (killing.when === 'before' || (killing.when === 'half' && name !== 'write')) killNow();
  return killing.when === 'after' ? killNow : undefined;
}

/** Calls that a full disk refuses. */
const MAKES = new Set(['open', 'mkdir', 'mkdtemp', 'link', 'copyfile']);

const writes = (flags) => (typeof flags === 'string' ? /[wa+]/.test(flags) : (flags & 3) !== 0);

/** How many bytes of a write the disk takes; the process may end in the middle of it. */
function bytesTaken(length) {
  const room = full === undefined ? length : Math.max(0, full.after - counts.bytes);
  const taken = Math.min(length, room);
  counts.bytes += taken;
  return taken;
}

const isHalf = () => killing?.when === 'half' && counts.changes === killing.at;

function wrapPromises() {
  const plain = {
    rename: 1,
    link: 1,
    rm: 1,
    rmdir: 1,
    mkdir: 1,
    unlink: 1,
    mkdtemp: 1,
    copyFile: 1,
  };
  const reads = { readdir: 0, stat: 0, lstat: 0, realpath: 0, readFile: 0 };
  for (const [name, changes] of Object.entries({ ...plain, ...reads })) {
    const original = fsp[name];
    fsp[name] = async (path, ...rest) => {
      const after = beforeCall({
        name: name.toLowerCase(),
        path: String(path),
        changes: changes === 1,
      });
      const result = await original(path, ...rest);
      after?.();
      return result;
    };
  }
  const { open, writeFile } = fsp;
  fsp.open = async (path, flags = 'r', ...rest) => {
    const after = beforeCall({ name: 'open', path: String(path), changes: writes(flags) });
    const handle = await open(path, flags, ...rest);
    handles.set(handle, String(path));
    after?.();
    return handle;
  };
  fsp.writeFile = async (path, data, options) => {
    if (typeof path !== 'string') return writeFile(path, data, options);
    const handle = await fsp.open(path, options?.flag ?? 'w');
    try {
      await handle.writeFile(data, options);
    } finally {
      await handle.close();
    }
  };
}

async function wrapHandles() {
  const handle = await fs.promises.open(process.execPath);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of ['read', 'readFile', 'sync', 'datasync', 'stat']) {
    const original = prototype[name];
    prototype[name] = async function (...rest) {
      const path = handles.get(this);
      const after = beforeCall({ name: CALLS[name] ?? name, path, changes: name.endsWith('sync') });
      const result = await original.apply(this, rest);
      after?.();
      return result;
    };
  }
  const { write } = prototype;
  prototype.write = async function (data, ...rest) {
    const path = handles.get(this);
    if (!isOurs(path)) return write.call(this, data, ...rest);
    return writePart(Buffer.from(data.buffer ?? data, data.byteOffset, data.byteLength), {
      path,
      slice: rest,
      put: (bytes, position) => write.call(this, bytes, 0, bytes.length, position),
    });
  };
  prototype.writeFile = async function (data, ...rest) {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length || at === 0; ) {
      const { bytesWritten } = await this.write(bytes, at, bytes.length - at);
      at += bytesWritten;
      if (bytes.length === 0) break;
    }
    void rest;
  };
}

const CALLS = { readFile: 'read', sync: 'fsync', datasync: 'fdatasync', stat: 'fstat' };

async function writePart(bytes, { path, slice, put }) {
  const [offset = 0, length = bytes.length - offset, position = null] = slice;
  const after = beforeCall({ name: 'write', path, changes: true });
  const wanted = isHalf() ? length >> 1 : length;
  const taken = bytesTaken(wanted);
  if (taken === 0 && length > 0) throw systemError('ENOSPC', 'write', path);
  const result = await put(bytes.subarray(offset, offset + taken), position);
  if (isHalf()) killNow();
  after?.();
  return result;
}

function wrapSync() {
  const { openSync, writeFileSync } = fs;
  fs.openSync = (path, flags = 'r', ...rest) => {
    const after = beforeCall({ name: 'open', path: String(path), changes: writes(flags) });
    const descriptor = openSync(path, flags, ...rest);
    descriptors.set(descriptor, String(path));
    after?.();
    return descriptor;
  };
  fs.writeFileSync = (file, data, ...rest) => {
    const path = typeof file === 'number' ? descriptors.get(file) : String(file);
    if (!isOurs(path)) return writeFileSync(file, data, ...rest);
    const bytes = Buffer.from(data);
    const after = beforeCall({ name: 'write', path, changes: true });
    const wanted = isHalf() ? bytes.length >> 1 : bytes.length;
    const taken = bytesTaken(wanted);
    writeFileSync(file, bytes.subarray(0, taken), ...rest);
    if (isHalf()) killNow();
    if (taken < bytes.length) throw systemError('ENOSPC', 'write', path);
    after?.();
  };
}

/** Streams open their files by the functions with callbacks. */
function wrapCallbacks() {
  const { open } = fs;
  fs.open = (path, flags, ...rest) => {
    const done = rest.at(-1);
    try {
      beforeCall({ name: 'open', path: String(path), changes: writes(flags ?? 'r') })?.();
    } catch (error) {
      return process.nextTick(done, error);
    }
    open(path, flags, ...rest);
  };
}

/** From the n-th look at it on, the clock is so much off. */
function wrapClock() {
  const RealDate = Date;
  const now = () => {
    counts.dates++;
    const shift = clock !== undefined && counts.dates >= clock.at ? clock.shift : 0;
    if (shift !== 0) fired();
    return RealDate.now() + shift;
  };
  globalThis.Date = class extends RealDate {
    constructor(...values) {
      super(...(values.length === 0 ? [now()] : values));
    }
    static now() {
      return now();
    }
  };
}

if (of('host') !== undefined) os.hostname = () => of('host').name;
wrapPromises();
wrapSync();
wrapCallbacks();
wrapClock();
syncBuiltinESMExports();
// The handle's class can be had from a handle alone; vggtune's first write comes much later.
wrapHandles();
if (process.env.FAULT_COUNTS) {
  const { writeFileSync } = fs;
  process.on('exit', () => writeFileSync(process.env.FAULT_COUNTS, JSON.stringify(counts)));
}
