import { mutateJson } from '../mutate-json.js';
import { words } from './tensors.js';

const LINES = [
  { time: '2026-01-01T00:00:00.000Z', type: 'log', version: 1 },
  { time: '2026-01-01T00:00:01.000Z', type: 'step', step: 3, loss: 0.5 },
  { time: '2026-01-01T00:00:02.000Z', type: 'stage', stage: 'done', message: 'done' },
].map((line) => JSON.stringify(line));

/** The log of events, from which a batch learns whether a run has ended. */
export async function create({ load }) {
  const { tellsItsEnd } = await load('run/log-end');
  return {
    seeds: [`${LINES.join('\n')}\n`, LINES[2], ''].map((text) => Buffer.from(text)),
    tokens: words(
      '\n',
      '\r\n',
      '{',
      '}',
      'null',
      '"type":"stage"',
      '"stage":"done"',
      '[]',
      '\0',
      '\xff',
    ),
    read: (bytes) => {
      const ended = tellsItsEnd(bytes.toString('utf8'));
      if (typeof ended !== 'boolean') throw new Error(`neither ended nor not: ${typeof ended}`);
    },
    make: (bytes, { rng }) => {
      const lines = bytes.toString('utf8').trimEnd().split('\n');
      return Buffer.from([...lines.slice(0, -1), mutateJson(lines.at(-1), rng)].join('\n'));
    },
  };
}
