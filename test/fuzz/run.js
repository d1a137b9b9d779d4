// npm run test:fuzz: feeds every reader of foreign files with damaged and hostile ones. See docs/fuzzing.md.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { READERS } from './readers/index.js';
import { header, row } from './report.js';
import { add, NOTHING } from './sums.js';
import { watchReader } from './watch.js';

/** So many inputs have a process and a seed of their own. */
const CHUNK = 50_000;
/** For so many milliseconds of each process it is looked at which code its inputs reach. */
const GUIDED = 4000;

const HELP = `npm run test:fuzz -- [options]

  --seconds n     how long each reader is fuzzed (default: 30, or as long as --inputs take)
  --inputs n      how many inputs each reader gets, at most
  --reader a,b    only these: ${READERS.join(', ')}
  --seed n        another number, other inputs (default: 1)
  --out file      a line of JSON is added to it for every ${CHUNK} inputs; what it holds already counts,
                  so that a long run can be stopped and started again
  --table file    only prints the table of such a file
  --corpus folder where findings go (default: test/fuzz/corpus)

The exit code is 1 when something was found. Each finding is in the corpus, as READER/KIND-HASH.`;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string' },
    inputs: { type: 'string' },
    reader: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
    table: { type: 'string' },
    corpus: { type: 'string', default: fileURLToPath(new URL('corpus', import.meta.url)) },
    help: { type: 'boolean', default: false },
  },
});

/** Milliseconds, MiB of heap, and bytes; an input may take `floor` and `multiple` times its size. */
const LIMITS = { time: 5000, heap: 256, resident: 2 ** 30, floor: 2 ** 24, multiple: 256 };
/** Arrays that are compressed are a thousand times as large as in the file, and are converted. */
const MULTIPLES = { hdf5: 3200 };

if (options.help) console.log(HELP);
else if (options.table !== undefined) printTable(options.table);
else process.exitCode = await main();

async function main() {
  const names = options.reader?.split(',') ?? READERS;
  const unknown = names.find((name) => !READERS.includes(name));
  if (unknown !== undefined) {
    console.error(`there is no reader "${unknown}"; there are ${READERS.join(', ')}`);
    return 2;
  }
  const seconds = numberOf('seconds') ?? (options.inputs === undefined ? 30 : 86_400 * 365);
  const limit = { inputs: numberOf('inputs') ?? Number.MAX_SAFE_INTEGER, seconds };
  console.log(header());
  let findings = 0;
  for (const name of names) {
    findings += await fuzz(name, limit);
  }
  return findings === 0 ? 0 : 1;
}

/** One reader, in chunks of inputs with a process and a seed each. @returns the number of findings */
async function fuzz(name, { inputs, seconds }) {
  const corpus = join(options.corpus, name);
  const end = performance.now() + seconds * 1000;
  let sums = resultsOf(options.out).get(name) ?? NOTHING;
  let findings = 0;
  while (sums.inputs < inputs && performance.now() < end) {
    const job = {
      name,
      corpus,
      inputs: Math.min(CHUNK, inputs - sums.inputs),
      milliseconds: end - performance.now(),
      seed: `${numberOf('seed')}-${sums.inputs}`,
      guided: GUIDED,
      limits: { ...LIMITS, multiple: MULTIPLES[name] ?? LIMITS.multiple },
    };
    const found = await watchReader(job, (finding) => {
      findings++;
      keep(corpus, finding);
    });
    if (options.out !== undefined) {
      appendFileSync(options.out, `${JSON.stringify({ reader: name, ...found })}\n`);
    }
    sums = add(sums, found);
  }
  console.log(row(name, sums));
  return findings;
}

function printTable(path) {
  console.log(header());
  for (const [name, sums] of resultsOf(path)) console.log(row(name, sums));
}

/** What a file of results holds, by reader. */
function resultsOf(path) {
  const results = new Map();
  if (path === undefined || !existsSync(path)) return results;
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    if (line === '') continue;
    const { reader, ...sums } = JSON.parse(line);
    results.set(reader, add(results.get(reader) ?? NOTHING, sums));
  }
  return results;
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
