/** Numbers that follow from a text: a fault can be repeated by its name (mulberry32 over a hash of FNV-1a). */
export function randomOf(text) {
  let state = 2166136261;
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 16777619);
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    uniform,
    between: (from, to) => from + uniform() * (to - from),
    integer: (from, to) => Math.floor(from + uniform() * (to - from + 1)),
    pick: (items) => items[Math.floor(uniform() * items.length)],
  };
}
