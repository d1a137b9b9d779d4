import { mutateJson } from '../mutate-json.js';
import { words } from './tensors.js';

const HASH = 'b'.repeat(64);
const FINDING = { stamp: '10-20', hash: HASH, width: 3, height: 4, decoded: true };

/**
 * What vggtune keeps for the next time, and the marks that it leaves: findings of a scan, groups of
 * near-duplicates, the index of cached activations, the owner of a lock, the mark of a folder. The
 * first byte says which is meant.
 */
export async function create({ load }) {
  const { parseFindings } = await load('dataset/scan-cache');
  const { parseGroups } = await load('dataset/near-duplicate-groups');
  const { parseIndex } = await load('training/feature-segments');
  const { lifeOf, parseOwner } = await load('base/lock-owner');
  const { parseMark } = await load('base/folder-mark');
  const readers = {
    f: (text) => {
      for (const { width, height } of parseFindings(text, 'd').values())
        expectNumber(width * height);
    },
    g: (text) => {
      for (const hash of (parseGroups(text) ?? []).flat()) expectText(hash);
    },
    i: (text) => {
      for (const [key, checksum] of parseIndex(text, 2)?.rows ?? []) {
        expectText(key);
        expectNumber(checksum);
      }
    },
    l: (text) => {
      const owner = parseOwner(text);
      if (owner !== undefined) lifeOf({ ...owner, host: 'elsewhere' }, new Set());
    },
    m: (text) => {
      for (const name of parseMark(text)) expectText(name);
    },
  };
  const seeds = {
    f: {
      version: 1,
      decoder: 'd',
      findings: { 'a.jpg': FINDING, b: { ...FINDING, hash: '', defect: 'x' } },
    },
    g: [
      [HASH, HASH],
      ['c', 'd'],
    ],
    i: {
      version: 1,
      rowLength: 2,
      rows: [
        ['key', 7],
        ['other', 9],
      ],
    },
    l: { pid: 1, host: 'elsewhere', since: 'x', id: 'y', space: 'z', started: '1' },
    m: { format: 'vggtune-folder', version: 1, files: ['a', 'b/c'] },
  };
  return {
    seeds: Object.entries(seeds).map(([kind, value]) => Buffer.from(kind + JSON.stringify(value))),
    tokens: words(
      '"version":1',
      'null',
      '[]',
      '{}',
      '"',
      ',',
      '1e999',
      '__proto__',
      '[null]',
      '-1',
      '\xff',
    ),
    read: (bytes) => readers[String.fromCharCode(bytes[0] ?? 0)]?.(bytes.toString('utf8', 1)),
    make: (bytes, { rng }) => {
      const text = mutateJson(bytes.toString('utf8', 1), rng);
      return Buffer.concat([bytes.subarray(0, 1), Buffer.from(text)]);
    },
  };
}

function expectText(value) {
  if (typeof value !== 'string') throw new Error(`a text was expected, not ${typeof value}`);
}

function expectNumber(value) {
  if (typeof value !== 'number') throw new Error(`a number was expected, not ${typeof value}`);
}
