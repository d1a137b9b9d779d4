import { mutateJson } from '../mutate-json.js';
import { words } from './tensors.js';

const HASH = 'a'.repeat(64);
const IMAGE = { path: 'a/b.jpg', hash: HASH, label: 0 };
const SPLIT = {
  version: 1,
  classes: ['a', 'b'],
  train: [IMAGE],
  val: [{ ...IMAGE, label: 1 }],
  test: [],
};
const PLAN = {
  version: 1,
  strategy: 'head',
  evidence: ['few images'],
  frozen: ['conv1_1'],
  trained: ['fc8'],
  parameters: { total: 10, trained: 2 },
  startHash: HASH,
  provenance: { source: 'x', file: 'y' },
};
const METRICS = {
  version: 1,
  side: 'val',
  metrics: { accuracy: 0.5, loss: null },
  perClass: [{ name: 'a', precision: 0.5 }],
  confusion: [[1, 2]],
};

/** The records of a run folder: split, plan and metrics; the first byte says which is meant. */
export async function create({ load }) {
  const { parseRecord } = await load('run/run-records');
  const { refuseChangedImages, refuseChangedWeights } = await load('run/refuse-changed');
  const readers = {
    s: (text) => {
      const split = parseRecord(text, { kind: 'split', path: 'split.json' });
      refuseChangedImages('run', split, SPLIT);
    },
    p: (text) => {
      const before = parseRecord(text, { kind: 'plan', path: 'plan.json' });
      refuseChangedWeights('run', { before, now: PLAN });
    },
    m: (text) => void parseRecord(text, { kind: 'metrics', path: 'metrics.json' }),
  };
  const seeds = { s: JSON.stringify(SPLIT), p: JSON.stringify(PLAN), m: JSON.stringify(METRICS) };
  return {
    seeds: Object.entries(seeds).map(([kind, text]) => Buffer.from(kind + text)),
    tokens: words(
      '"version":1',
      '"version":2',
      'null',
      '[]',
      '{}',
      '"',
      ',',
      '1e999',
      '__proto__',
      'NaN',
      '-1',
    ),
    read: (bytes) => {
      const read = readers[String.fromCharCode(bytes[0] ?? 0)];
      return read?.(bytes.toString('utf8', 1));
    },
    make: (bytes, { rng }) => {
      const text = bytes.toString('utf8', 1);
      return Buffer.concat([bytes.subarray(0, 1), Buffer.from(mutateJson(text, rng))]);
    },
  };
}
