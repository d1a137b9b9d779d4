/** The scalars of an event file by tag, read field by field: records, then the messages of `event.proto`. */
export function scalarsOf(bytes: Buffer): Map<string, { step: number; value: number }[]> {
  const scalars = new Map<string, { step: number; value: number }[]>();
  for (const event of recordsOf(bytes)) {
    const fields = fieldsOf(event);
    const step = Number(fields.find(({ id }) => id === 2)?.value ?? 0);
    for (const { bytes: summary } of fields.filter(({ id }) => id === 5)) {
      for (const { bytes: value } of fieldsOf(summary)) {
        const parts = fieldsOf(value);
        const tag = parts.find(({ id }) => id === 1)?.bytes.toString('utf8') ?? '';
        const simple = parts.find(({ id }) => id === 2);
        if (simple === undefined) continue;
        scalars.set(tag, [
          ...(scalars.get(tag) ?? []),
          { step, value: simple.bytes.readFloatLE() },
        ]);
      }
    }
  }
  return scalars;
}

function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    records.push(bytes.subarray(at + 12, at + 12 + length));
    at += length + 16;
  }
  return records;
}

function fieldsOf(bytes: Buffer): { id: number; bytes: Buffer; value: number }[] {
  const fields: { id: number; bytes: Buffer; value: number }[] = [];
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [id, wire] = [key >>> 3, key & 7];
    const value = wire === 0 ? varint() : 0;
    const length = wire === 2 ? varint() : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    fields.push({ id, value, bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
