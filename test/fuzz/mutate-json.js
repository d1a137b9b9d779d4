// Changes to what a JSON text means: the text stays valid, so that they reach what comes after its parser.

/** Written as they are: numbers that JSON has and JavaScript does not give back. */
const RAW = ['1e999', '-1e999', '-0', '1e-400', '123456789012345678901234567890', '0.1e1'];
const MARK = '@raw:';

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  '',
  '0',
  'a'.repeat(300),
  '\u0000',
  '\u202e',
];

const VALUES = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  '',
  'x',
  '0',
  'NaN',
  '\u001b[2J',
  '\ud800',
  'x'.repeat(3000),
  [],
  {},
  [[]],
  [null],
  [0, 0, 0],
  { length: 9 },
  { toString: 1 },
  ...RAW.map((text) => MARK + text),
];

/**
 * @param {string} text a JSON text
 * @param {import('../../src/base/rng.ts').Rng} rng
 * @returns {string} another one
 */
export function mutateJson(text, rng) {
  const root = { value: JSON.parse(text) };
  const changes = 1 + rng.integer(4);
  for (let i = 0; i < changes; i++) {
    const places = placesIn(root);
    const place = places[rng.integer(places.length)];
    CHANGES[rng.integer(CHANGES.length)](place, { rng, places });
  }
  return JSON.stringify(root.value ?? null).replace(/"@raw:([^"]*)"/g, (_all, raw) => raw);
}

/** Every value below a holder, by its holder and key. */
function placesIn(holder) {
  const places = [];
  const walk = (parent) => {
    for (const key of Object.keys(parent)) {
      places.push({ parent, key });
      const value = parent[key];
      if (typeof value === 'object' && value !== null) walk(value);
    }
  };
  walk(holder);
  return places.length > 0 ? places : [{ parent: holder, key: 'value' }];
}

/** As JSON.parse would: `__proto__` is a key like any other. */
function set(parent, key, value) {
  Object.defineProperty(parent, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

const copyOf = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

function replace({ parent, key }, { rng }) {
  set(parent, key, copyOf(VALUES[rng.integer(VALUES.length)]));
}

function remove({ parent, key }) {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

function rename({ parent, key }, { rng }) {
  set(parent, KEYS[rng.integer(KEYS.length)], parent[key]);
  if (!Array.isArray(parent)) delete parent[key];
}

/** Another part of the same text, in this one's place. */
function graft({ parent, key }, { rng, places }) {
  const from = places[rng.integer(places.length)];
  set(parent, key, copyOf(from.parent[from.key]));
}

function wrap({ parent, key }, { rng }) {
  const deep = rng.integer(8) === 0 ? 2000 : 1;
  let value = parent[key] ?? null;
  for (let i = 0; i < deep; i++) value = rng.integer(2) === 0 ? [value] : { x: value };
  // So deep a value cannot be copied by what recurses; it stays where it is.
  set(parent, key, deep > 1 ? '@raw:'.concat('['.repeat(deep), ']'.repeat(deep)) : value);
}

function tweak({ parent, key }, { rng }) {
  const value = parent[key];
  if (typeof value === 'number') {
    const values = [value + 1, value - 1, -value, value * 2 ** 20, value + 0.5, 0];
    set(parent, key, values[rng.integer(values.length)]);
  } else if (typeof value === 'string') {
    const at = rng.integer(value.length + 1);
    const odd = ['\u0000', '\n', '"', '../', '%', '\u202e', 'é', value];
    set(
      parent,
      key,
      value.slice(0, at) + odd[rng.integer(odd.length)] + value.slice(at + rng.integer(2)),
    );
  } else if (Array.isArray(value) && value.length > 0 && value.length < 200) {
    value.push(copyOf(value[rng.integer(value.length)]));
  }
}

const CHANGES = [replace, replace, replace, remove, rename, graft, wrap, tweak, tweak, tweak];
