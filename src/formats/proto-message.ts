/** `name: 'type id'`, or `name: 'repeated type id'`. */
export function message(
  fields: Record<string, string>,
  oneofs?: Record<string, { oneof: string[] }>,
) {
  const entries = Object.entries(fields).map(([name, field]) => {
    const words = field.split(' ');
    const repeated = words.length === 3;
    const [type = '', id = ''] = repeated ? words.slice(1) : words;
    return [name, { type, id: Number(id), ...(repeated ? { rule: 'repeated' } : {}) }];
  });
  return {
    // As onnx.proto: a field that is set is written, zero or not, which checkers of models expect.
    edition: 'proto2',
    fields: Object.fromEntries(entries),
    ...(oneofs === undefined ? {} : { oneofs }),
  };
}
