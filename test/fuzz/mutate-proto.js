// Changes to a protobuf message by its fields, with the lengths around them set right again, so that
// they reach what comes after the decoder.

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const NUMBERS = [
  0n,
  1n,
  7n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const DEEPEST = 8;

/** @returns {Buffer | undefined} undefined for bytes that are no message */
export function mutateProto(bytes, { rng, mutate }) {
  const fields = parse(bytes, 0);
  if (fields === undefined || fields.length === 0) return undefined;
  const changes = 1 + rng.integer(3);
  for (let i = 0; i < changes; i++) change(fields, { rng, mutate });
  return encode(fields);
}

function change(root, { rng, mutate }) {
  let list = root;
  let at = rng.integer(list.length);
  // Down into the message, most of the time.
  while (list[at]?.inner?.length > 0 && rng.integer(5) > 0) {
    list = list[at].inner;
    at = rng.integer(list.length);
  }
  const field = list[at];
  if (field === undefined) return;
  const kind = rng.integer(6);
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.splice(rng.integer(list.length + 1), 0, field);
  else if (kind === 2) list.push(...Array(1 + rng.integer(20)).fill(field));
  else if (kind === 3) list[at] = { ...field, number: 1 + rng.integer(26) };
  else list[at] = changedValue(field, { rng, mutate });
}

function changedValue(field, { rng, mutate }) {
  const { number, wire } = field;
  if (wire === VARINT) return { number, wire, value: NUMBERS[rng.integer(NUMBERS.length)] };
  const bytes = wire === DELIMITED ? contentOf(field) : field.bytes;
  const changed = mutate(bytes);
  if (wire === DELIMITED) return { number, wire, bytes: changed };
  return { number, wire, bytes: Buffer.concat([changed, bytes]).subarray(0, bytes.length) };
}

const contentOf = (field) => (field.inner === undefined ? field.bytes : encode(field.inner));

function parse(bytes, depth) {
  const fields = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    if (tag === undefined || tag.value >> 3n === 0n || tag.value > 0xffffn) return undefined;
    const [number, wire] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    const field = fieldAt(bytes, { number, wire, at: tag.end, depth });
    if (field === undefined) return undefined;
    fields.push(field);
    at = field.end;
  }
  return fields;
}

function fieldAt(bytes, { number, wire, at, depth }) {
  if (wire === FIXED64 || wire === FIXED32) {
    const end = at + (wire === FIXED64 ? 8 : 4);
    return end > bytes.length ? undefined : { number, wire, bytes: bytes.subarray(at, end), end };
  }
  if (wire !== VARINT && wire !== DELIMITED) return undefined;
  const first = varint(bytes, at);
  if (first === undefined) return undefined;
  if (wire === VARINT) return { number, wire, value: first.value, end: first.end };
  const end = first.end + Number(first.value);
  if (end > bytes.length) return undefined;
  const content = bytes.subarray(first.end, end);
  const inner = content.length > 0 && depth < DEEPEST ? parse(content, depth + 1) : undefined;
  return { number, wire, bytes: content, inner, end };
}

function encode(fields) {
  return Buffer.concat(
    fields.flatMap((field) => {
      const tag = encodeVarint(BigInt(field.number * 8 + field.wire));
      if (field.wire === VARINT) return [tag, encodeVarint(field.value)];
      if (field.wire !== DELIMITED) return [tag, field.bytes];
      const content = contentOf(field);
      return [tag, encodeVarint(BigInt(content.length)), content];
    }),
  );
}

function varint(bytes, start) {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    value |= BigInt(bytes[at] & 0x7f) << BigInt(7 * (at - start));
    if (bytes[at] < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

function encodeVarint(value) {
  const bytes = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
