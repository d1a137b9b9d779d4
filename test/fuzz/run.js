// npm run test:fuzz: feeds every reader of foreign files with damaged and hostile ones. See docs/fuzzing.md.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { READERS } from './readers/index.js';
import { header, row } from './report.js';
import { watchReader } from './watch.js';

const HELP = `npm run test:fuzz -- [options]

  --seconds n     how long each reader is fuzzed (default: 30, or as long as --inputs take)
  --inputs n      how many inputs each reader gets, at most
  --reader a,b    only these: ${READERS.join(', ')}
  --seed n        another number, other inputs (default: 1)
  --guided n      inputs of which is looked at what code they reach (default: 20000)
  --corpus folder where findings go (default: test/fuzz/corpus)
  --json          a line of JSON for each reader instead of the table

The exit code is 1 when something was found. Each finding is in the corpus, as READER/KIND-HASH.`;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string' },
    inputs: { type: 'string' },
    reader: { type: 'string' },
    seed: { type: 'string', default: '1' },
    guided: { type: 'string', default: '20000' },
    corpus: { type: 'string', default: fileURLToPath(new URL('corpus', import.meta.url)) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Milliseconds, MiB of heap, and bytes; an input may take `floor` and `multiple` times its size. */
const LIMITS = {
  time: 5000,
  heap: 256,
  resident: 2 ** 30,
  floor: 2 ** 21,
  multiple: 512,
};

if (options.help) console.log(HELP);
else process.exitCode = await main();

async function main() {
  const names = options.reader?.split(',') ?? READERS;
  const unknown = names.find((name) => !READERS.includes(name));
  if (unknown !== undefined) {
    console.error(`there is no reader "${unknown}"; there are ${READERS.join(', ')}`);
    return 2;
  }
  const inputs = numberOf('inputs') ?? Number.MAX_SAFE_INTEGER;
  const seconds = numberOf('seconds') ?? (options.inputs === undefined ? 30 : 86_400);
  const common = { inputs, milliseconds: seconds * 1000, seed: numberOf('seed'), guided: numberOf('guided'), limits: LIMITS };
  let findings = 0;
  if (!options.json) console.log(header());
  for (const name of names) {
    const corpus = join(options.corpus, name);
    const sums = await watchReader({ ...common, name, corpus }, (finding) => {
      findings++;
      keep(corpus, finding);
    });
    console.log(options.json ? JSON.stringify({ reader: name, ...sums }) : row(name, sums));
  }
  return findings === 0 ? 0 : 1;
}

function numberOf(name) {
  if (options[name] === undefined) return undefined;
  const value = Number(options[name]);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`--${name} takes a whole number, not ${options[name]}`);
  process.exit(2);
}

function keep(corpus, { kind, key, bytes, text }) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
  const path = join(corpus, `${key.replace(/[^\w-]+/g, '-').toLowerCase()}-${hash}`);
  mkdirSync(corpus, { recursive: true });
  writeFileSync(path, bytes);
  console.error(`${kind} in ${path}\n${text}\n`);
}
