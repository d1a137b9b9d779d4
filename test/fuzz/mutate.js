// Changes to bytes, as a file suffers them and as somebody would make them who means harm.

/** What a length, a count, an offset or a size is set to. */
const EXTREMES = [
  0n,
  1n,
  2n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  2n ** 20n,
  2n ** 24n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];
/** The same in figures, for formats that are text. */
const FIGURES = EXTREMES.map(String).concat(
  '-1',
  '-0',
  '0.5',
  '1e3',
  '1e308',
  '1e999',
  '-1e999',
  'NaN',
);
/** Bytes to which changes may make it grow; what is longer stays as long. */
const LONGEST = 16_384;
const MOST_CHANGES = 6;

/**
 * A changed copy.
 * @param {Buffer} bytes what is changed
 * @param {{rng: import('../../src/base/rng.ts').Rng, tokens: readonly Buffer[], other: Buffer}} from
 *   tokens: words of the format; other: another valid input, of which parts are taken
 * @returns {Buffer}
 */
export function mutate(bytes, from) {
  const { rng } = from;
  let copy = Buffer.from(bytes);
  let changes = 1;
  while (changes < MOST_CHANGES && rng.integer(2) > 0) changes++;
  for (let i = 0; i < changes; i++) {
    copy = CHANGES[rng.integer(CHANGES.length)](copy, from);
    const longest = Math.max(LONGEST, bytes.length);
    if (copy.length > longest) copy = copy.subarray(0, longest);
  }
  return copy;
}

/** One part of it again and again, up to some hundred kilobytes: what takes long, or much memory. */
export function grow(bytes, { rng }) {
  const [start, end] = range(bytes, rng, 64);
  const part = bytes.subarray(start, end);
  if (part.length === 0) return bytes;
  const size = 2 ** (13 + rng.integer(6));
  const middle = Buffer.alloc(size, part);
  return Buffer.concat([bytes.subarray(0, start), middle, bytes.subarray(end)]);
}

/** [start, end) of at most `most` bytes; mostly few. */
function range(bytes, rng, most = bytes.length) {
  const start = rng.integer(bytes.length + 1);
  const room = Math.min(most, bytes.length - start);
  const length = rng.integer(2) === 0 ? rng.integer(Math.min(room, 16) + 1) : rng.integer(room + 1);
  return [start, start + length];
}

const pick = (list, rng) => list[rng.integer(list.length)];
const insert = (bytes, at, part) =>
  Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);

function flipBit(bytes, { rng }) {
  if (bytes.length > 0) bytes[rng.integer(bytes.length)] ^= 1 << rng.integer(8);
  return bytes;
}

function setByte(bytes, { rng }) {
  if (bytes.length > 0) bytes[rng.integer(bytes.length)] = rng.integer(256);
  return bytes;
}

/** A number of one, two, four or eight bytes, in either order: an extreme, or a little more or less. */
function setNumber(bytes, { rng }) {
  const width = 2 ** rng.integer(4);
  if (bytes.length < width) return bytes;
  const at = rng.integer(bytes.length - width + 1);
  const field = bytes.subarray(at, at + width);
  const little = rng.integer(4) > 0;
  if (little) field.reverse();
  const before = BigInt(`0x${field.toString('hex')}`);
  const near = [before + 1n, before - 1n, before * 2n, BigInt(bytes.length), BigInt(at)];
  const value = BigInt.asUintN(
    8 * width,
    rng.integer(3) === 0 ? pick(near, rng) : pick(EXTREMES, rng),
  );
  Buffer.from(value.toString(16).padStart(2 * width, '0'), 'hex').copy(field);
  if (little) field.reverse();
  return bytes;
}

/** A number in figures. */
function setFigures(bytes, { rng }) {
  const start = rng.integer(bytes.length + 1);
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] < 0x30 || bytes[at] > 0x39) continue;
    let end = at;
    while (end < bytes.length && bytes[end] >= 0x30 && bytes[end] <= 0x39) end++;
    const number = Buffer.from(pick(FIGURES, rng));
    return Buffer.concat([bytes.subarray(0, at), number, bytes.subarray(end)]);
  }
  return bytes;
}

const truncate = (bytes, { rng }) => bytes.subarray(0, rng.integer(bytes.length + 1));

function remove(bytes, { rng }) {
  const [start, end] = range(bytes, rng);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

/** A section twice, or some times. */
function duplicate(bytes, { rng }) {
  const [start, end] = range(bytes, rng);
  const times = rng.integer(4) === 0 ? 2 + rng.integer(30) : 1;
  return insert(bytes, end, Buffer.concat(Array(times).fill(bytes.subarray(start, end))));
}

/** A section to another place. */
function move(bytes, { rng }) {
  const [start, end] = range(bytes, rng);
  const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  return insert(rest, rng.integer(rest.length + 1), bytes.subarray(start, end));
}

/** A section over another one. */
function overwrite(bytes, { rng }) {
  const [start, end] = range(bytes, rng);
  bytes.copy(bytes, rng.integer(bytes.length + 1), start, end);
  return bytes;
}

/** The start of this one, and the end of another. */
function splice(bytes, { rng, other }) {
  const cut = rng.integer(bytes.length + 1);
  const from = rng.integer(2) === 0 ? cut : rng.integer(other.length + 1);
  return Buffer.concat([bytes.subarray(0, cut), other.subarray(Math.min(from, other.length))]);
}

/** A section of another one. */
function borrow(bytes, { rng, other }) {
  const [start, end] = range(other, rng);
  return insert(bytes, rng.integer(bytes.length + 1), other.subarray(start, end));
}

function insertToken(bytes, { rng, tokens }) {
  if (tokens.length === 0) return setByte(bytes, { rng });
  return insert(bytes, rng.integer(bytes.length + 1), pick(tokens, rng));
}

function overwriteToken(bytes, { rng, tokens }) {
  if (tokens.length === 0) return setByte(bytes, { rng });
  pick(tokens, rng).copy(bytes, rng.integer(bytes.length + 1));
  return bytes;
}

function insertRandom(bytes, { rng }) {
  const part = Buffer.from(Array.from({ length: 1 + rng.integer(8) }, () => rng.integer(256)));
  return insert(bytes, rng.integer(bytes.length + 1), part);
}

const CHANGES = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setNumber,
  setNumber,
  setNumber,
  setNumber,
  setFigures,
  truncate,
  remove,
  duplicate,
  move,
  overwrite,
  splice,
  borrow,
  insertToken,
  insertToken,
  overwriteToken,
  insertRandom,
];
