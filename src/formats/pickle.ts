import { dataError } from '../base/errors.ts';
import { PickleOpaque, stateDictAdvice } from './pickle-opaque.ts';

/**
 * A machine for the pickles of state dicts (protocols 2 to 5). It builds lists, maps and the few
 * constructors that its caller allows, and refuses everything else: a pickle is a program, and
 * nothing that it asks for is ever run.
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export interface PickleOptions {
  readonly where: string;
  readonly constructors: ReadonlyMap<string, PickleConstructor>;
  /** What another name stands for; undefined for one that is refused, as all are without this. */
  readonly opaque?: (name: string) => PickleOpaque | undefined;
  /** What a persistent id stands for. */
  readonly persistent?: (id: unknown) => unknown;
}

/** Something that a pickle names. Without `build` it is a mere value, and calling it is refused. */
export interface PickleConstructor {
  /** Returns undefined where the arguments are wrong. */
  readonly build: ((args: readonly unknown[]) => unknown) | undefined;
}

/** Lists and tuples are arrays, dicts are maps, whole numbers beyond 2^53 are bigints. */
export function unpickle(bytes: Uint8Array, options: PickleOptions): UnpickleResult {
  const machine = new Machine(bytes, options);
  return { value: machine.run(), end: machine.at };
}

export interface UnpickleResult {
  readonly value: unknown;
  /** Where the next pickle would start. */
  readonly end: number;
}

const MARK = Symbol('mark');
/** Long integers of a state dict fit eight bytes; torch's magic number has ten. */
const MAX_LONG_BYTES = 16;
/** VGG-19's state dict takes 3,000; an operation may take some hundred bytes of memory. */
const MAX_OPERATIONS = 250_000;

class Machine {
  at = 0;
  readonly stack: unknown[] = [];
  readonly memo = new Map<number, unknown>();
  readonly options: PickleOptions;
  /** The first class of a library that the pickle names: that of a whole object, where it is one. */
  private outermost: string | undefined;
  private readonly bytes: Buffer;

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.options = options;
  }

  run(): unknown {
    for (let operations = 0; operations < MAX_OPERATIONS; operations++) {
      const code = this.byte();
      if (code === STOP) return this.pop();
      const operation = OPERATIONS[code];
      if (operation === undefined) throw this.damaged(`operation 0x${code.toString(16)}`);
      operation(this);
    }
    throw this.damaged(`more than ${MAX_OPERATIONS} operations`);
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.at)
      throw this.damaged('its end in the middle of a value');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  byte = () => this.take(1).readUInt8();
  uint16 = () => this.take(2).readUInt16LE();
  int32 = () => this.take(4).readInt32LE();
  uint32 = () => this.take(4).readUInt32LE();
  uint64 = () => Number(this.take(8).readBigUInt64LE());
  text = (length: number) => this.take(length).toString('utf8');

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.damaged('a line without an end');
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  integer(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw this.damaged(`an integer of ${length} bytes`);
    const bytes = this.take(length);
    const hex = Buffer.from(bytes).reverse().toString('hex');
    const value = length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw this.damaged('an operation on an empty stack');
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0) throw this.damaged('an operation on an empty stack');
    return this.stack.at(-1);
  }

  popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.damaged('no mark where one is needed');
    const items = this.stack.splice(mark);
    return items.slice(1);
  }

  popMany(count: number): unknown[] {
    if (this.stack.length < count) throw this.damaged('an operation on an empty stack');
    return this.stack.splice(this.stack.length - count);
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw this.damaged(`no memo ${index}`);
    this.push(this.memo.get(index));
  }

  /** Only what is on the list; the name of anything else is the error. */
  constructorOf(module: string, name: string): PickleConstructor {
    const full = `${module}.${name}`;
    const found = this.options.constructors.get(full) ?? this.options.opaque?.(full);
    if (found !== undefined) {
      if (found instanceof PickleOpaque) this.outermost ??= full;
      return found;
    }
    const object = this.outermost?.slice(0, 200);
    const inside =
      object === undefined ? '' : `, in or behind an object of ${JSON.stringify(object)}`;
    throw dataError(`${this.options.where} asks to run ${JSON.stringify(full.slice(0, 200))}`, {
      expected: `a state dict: ${[...this.options.constructors.keys()].join(', ')}`,
      found: `${full.slice(0, 200)}${inside}`,
      where: this.options.where,
      fix: `nothing was run; ${stateDictAdvice(object ?? '')}`,
    });
  }

  call(callee: unknown, args: unknown): unknown {
    if (callee instanceof PickleOpaque) return callee;
    const found = [...this.options.constructors].find(([, allowed]) => allowed === callee);
    const [name, allowed] = found ?? ['something that is no constructor'];
    const value = Array.isArray(args) ? allowed?.build?.(args) : undefined;
    if (value === undefined) throw this.damaged(`a call of ${name} that a state dict has not`);
    return value;
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (list instanceof PickleOpaque) return;
    if (!Array.isArray(list)) throw this.damaged('items for something that is no list');
    for (const item of items) list.push(item);
  }

  setItems(items: readonly unknown[]): void {
    const map = this.top();
    if (map instanceof PickleOpaque) return;
    if (!(map instanceof Map)) throw this.damaged('items for something that is no dict');
    for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  persistent(id: unknown): unknown {
    const value: unknown = this.options.persistent?.(id);
    if (value === undefined) throw this.damaged('a reference to something outside');
    return value;
  }

  damaged(found: string): Error {
    return dataError(`${this.options.where} holds a damaged pickle`, {
      expected: 'the pickle of a state dict',
      found: `${found}, at byte ${this.at} of the pickle`,
      where: this.options.where,
      fix: 'copy or download the file again, or save the state dict again',
    });
  }
}

const STOP = 0x2e;

/** By opcode; what is missing is refused. */
const OPERATIONS: Readonly<Record<number, (m: Machine) => void>> = {
  128: (m) => void m.byte(), // PROTO
  149: (m) => void m.uint64(), // FRAME
  40: (m) => m.push(MARK),
  48: (m) => void m.pop(),
  49: (m) => void m.popToMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  74: (m) => m.push(m.int32()), // BININT
  75: (m) => m.push(m.byte()), // BININT1
  77: (m) => m.push(m.uint16()), // BININT2
  138: (m) => m.push(m.integer(m.byte())), // LONG1
  139: (m) => m.push(m.integer(m.uint32())), // LONG4
  71: (m) => m.push(m.take(8).readDoubleBE()), // BINFLOAT
  88: (m) => m.push(m.text(m.uint32())), // BINUNICODE
  140: (m) => m.push(m.text(m.byte())), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.uint64())), // BINUNICODE8
  84: (m) => m.push(m.text(m.uint32())), // BINSTRING, of Python 2
  85: (m) => m.push(m.text(m.byte())), // SHORT_BINSTRING
  66: (m) => m.push(m.take(m.uint32())), // BINBYTES
  67: (m) => m.push(m.take(m.byte())), // SHORT_BINBYTES
  142: (m) => m.push(m.take(m.uint64())), // BINBYTES8
  150: (m) => m.push(m.take(m.uint64())), // BYTEARRAY8
  93: (m) => m.push([]), // EMPTY_LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  125: (m) => m.push(new Map()), // EMPTY_DICT
  143: (m) => m.push([]), // EMPTY_SET
  144: (m) => m.append(m.popToMark()), // ADDITEMS
  145: (m) => m.push(m.popToMark()), // FROZENSET
  133: (m) => m.push(m.popMany(1)), // TUPLE1
  134: (m) => m.push(m.popMany(2)),
  135: (m) => m.push(m.popMany(3)),
  116: (m) => m.push(m.popToMark()), // TUPLE
  108: (m) => m.push(m.popToMark()), // LIST
  97: (m) => m.append(m.popMany(1)), // APPEND
  101: (m) => m.append(m.popToMark()), // APPENDS
  115: (m) => m.setItems(m.popMany(2)), // SETITEM
  117: (m) => m.setItems(m.popToMark()), // SETITEMS
  113: (m) => m.remember(m.byte()), // BINPUT
  114: (m) => m.remember(m.uint32()), // LONG_BINPUT
  148: (m) => m.remember(m.memo.size), // MEMOIZE
  104: (m) => m.recall(m.byte()), // BINGET
  106: (m) => m.recall(m.uint32()), // LONG_BINGET
  99: (m) => m.push(m.constructorOf(m.line(), m.line())), // GLOBAL
  147: (m) => m.push(stackGlobal(m)), // STACK_GLOBAL
  82: (m) => m.push(callTop(m)), // REDUCE
  129: (m) => m.push(callTop(m)), // NEWOBJ
  146: (m) => m.push(callWithNames(m)), // NEWOBJ_EX
  98: (m) => void m.pop(), // BUILD: attributes of a state dict, which hold no tensors
  81: (m) => m.push(m.persistent(m.pop())), // BINPERSID
};

function callTop(m: Machine): unknown {
  const [callee, args] = m.popMany(2);
  return m.call(callee, args);
}

function callWithNames(m: Machine): unknown {
  const [callee, args] = m.popMany(3);
  return m.call(callee, args);
}

function stackGlobal(m: Machine): PickleConstructor {
  const [module, name] = m.popMany(2);
  if (typeof module === 'string' && typeof name === 'string') return m.constructorOf(module, name);
  throw m.damaged('a constructor whose name is no text');
}
