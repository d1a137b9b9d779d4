// npm run test:mutation: changes the source in small ways, one at a time, and looks whether a test fails.
// See docs/mutation.md.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { globSync } from 'glob';
import { FOLDERS, LONG } from './folders.js';
import { sum, survivors, table } from './table.js';

const HELP = `npm run test:mutation -- [options] FOLDER...

Folders: ${Object.keys(FOLDERS).join(', ')} (of src/).

  --file a,b        only these files of the folder
  --concurrency n   so many processes at a time (default: 1)
  --results folder  where the results of each file are kept (default: reports/mutation); a file whose source and
                    tests have not changed since is not tried again
  --table           only prints the table of the results that are there
  --survivors       prints every mutant that no test has noticed`;

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    file: { type: 'string' },
    concurrency: { type: 'string', default: '1' },
    results: { type: 'string', default: 'reports/mutation' },
    table: { type: 'boolean', default: false },
    survivors: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main() {
  const unknown = folders.find((folder) => FOLDERS[folder] === undefined);
  if (options.help || folders.length === 0 || unknown !== undefined) {
    if (unknown !== undefined) console.error(`there is no folder "${unknown}"\n`);
    console.log(HELP);
    return options.help ? 0 : 2;
  }
  for (const folder of folders) {
    const results = [];
    for (const file of filesOf(folder)) results.push(await resultOf(folder, file));
    const known = results.filter((result) => result !== undefined);
    console.log(table([...known, { file: `all of ${folder}`, counts: sum(known) }]));
    if (options.survivors) console.log(survivors(known));
  }
  return 0;
}

function filesOf(folder) {
  const chosen = options.file?.split(',');
  return globSync(`src/${folder}/**/*.ts`)
    .filter((path) => chosen === undefined || chosen.includes(basename(path)))
    .sort();
}

/** What is known of one file: from an earlier call where nothing has changed, or tried now. */
async function resultOf(folder, file) {
  const tests = testsOf(folder);
  const place = join(options.results, folder, `${basename(file)}.json`);
  const key = hashOf([file, ...tests]);
  const known = existsSync(place) ? JSON.parse(readFileSync(place, 'utf8')) : undefined;
  if (options.table || known?.key === key) return known;
  const began = performance.now();
  const mutants = await tryMutants({ file, tests, incremental: `${place}.stryker` });
  const seconds = Math.round((performance.now() - began) / 1000);
  const result = { file, key, ...countsOf(mutants), seconds };
  mkdirSync(join(options.results, folder), { recursive: true });
  writeFileSync(place, `${JSON.stringify(result, null, 1)}\n`);
  console.error(`${file}: ${JSON.stringify(result.counts)}, ${seconds} s`);
  return result;
}

function testsOf(folder) {
  const ignore = [...LONG, 'test/**/*.slow.test.ts'];
  return globSync(FOLDERS[folder], { ignore }).sort();
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

async function tryMutants({ file, tests, incremental }) {
  process.env.VGGTUNE_MUTATION_TESTS = tests.join(',');
  const stryker = new Stryker({
    configFile: 'stryker.config.mjs',
    mutate: [file],
    concurrency: Number(options.concurrency),
    incrementalFile: incremental,
  });
  return stryker.runMutationTest();
}

/** Mutants by what became of them; those that no test noticed with their places. */
function countsOf(mutants) {
  const counts = {};
  for (const { status } of mutants) counts[status] = (counts[status] ?? 0) + 1;
  const unnoticed = mutants
    .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
    .map(({ status, mutatorName, location, replacement }) => {
      return {
        status,
        mutatorName,
        line: location.start.line,
        column: location.start.column,
        replacement,
      };
    });
  return { counts, unnoticed };
}
