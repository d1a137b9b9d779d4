// Counts the bytes of array buffers that are asked for: a reader that believes a length asks for what
// the length says, whether the machine grants it or not.

let requested = 0;

/** @returns {number} bytes since the last call */
export function takeRequested() {
  const bytes = requested;
  requested = 0;
  return bytes;
}

const count = (value) => {
  if (typeof value === 'number' && value > 0) requested += value;
};

/** Puts counting constructors in the place of the built-in ones. Call it before a reader is loaded. */
export function countAllocations() {
  for (const name of ['ArrayBuffer', 'SharedArrayBuffer']) watchConstructor(name, 1);
  for (const name of NUMBERS) watchConstructor(name, globalThis[name].BYTES_PER_ELEMENT);
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow']) {
    const own = Buffer[name];
    Buffer[name] = (size, ...rest) => {
      count(size);
      return own.call(Buffer, size, ...rest);
    };
  }
  const { concat } = Buffer;
  Buffer.concat = (list, length) => {
    count(length ?? list.reduce((sum, part) => sum + part.length, 0));
    return concat.call(Buffer, list, length);
  };
}

const NUMBERS = [
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

function watchConstructor(name, bytes) {
  const own = globalThis[name];
  globalThis[name] = new Proxy(own, {
    construct(target, args, newTarget) {
      const [first] = args;
      if (typeof first === 'number') count(first * bytes);
      else if (Array.isArray(first)) count(first.length * bytes);
      return Reflect.construct(target, args, newTarget === globalThis[name] ? own : newTarget);
    },
  });
}
