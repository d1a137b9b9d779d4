// npm run test:faults: kills, starves and misleads real processes of the built command line, and checks
// that what comes of it, once it has gone on, is what an undisturbed run gives.
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS } from './kinds.js';
import { doFault } from './one.js';
import { makeBase } from './scenarios.js';
import { stageTable, table } from './table.js';

const names = Object.keys(KINDS);
const HELP = `npm run test:faults -- [options]

Faults are done to a fresh copy of a small world: pictures, weights, a finished run, a person's own files.
After each the command is repeated, or the run resumed, into the next fault of a chain; at last undisturbed.
Weights and figures must then be those of the undisturbed run, byte for byte; an error must name its cause; and nothing that was there before may be gone.

  --faults N      about how many in all, over the kinds by their shares (default: 60)
  --seed S        other faults of the same kinds (default: 1)
  --kind A,B      only these kinds
  --only KIND:N   one chain, as a failure names it
  --work FOLDER   where worlds and results are; a folder of an earlier call goes on (default: a new one);
                  on a file system in memory it is much faster
  --table         print the table of --work alone
  --json          the counts as one JSON document

Kinds:
${names.map((name) => `  ${name.padEnd(16)} ${KINDS[name].what}`).join('\n')}

A process that takes longer than FAULT_LIMIT seconds (default: 300) hangs. The command is built before:
\`npm run build\`.`;

const { values: options } = parseArgs({
  options: {
    faults: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' },
    only: { type: 'string' },
    work: { type: 'string', default: join(tmpdir(), `vggtune-faults-${process.pid}`) },
    table: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The worlds to disturb, kinds taking turns, so that a part of them is a part of each. */
function plan(kinds) {
  if (options.only !== undefined) {
    const [kind, number] = options.only.split(':');
    if (KINDS[kind] === undefined) throw new Error(`there is no kind "${kind}"\n\n${HELP}`);
    return [{ kind, number: Number(number) }];
  }
  const total = kinds.reduce((sum, kind) => sum + KINDS[kind].share, 0);
  const all = kinds.flatMap((kind) => {
    const { share, chain = 1 } = KINDS[kind];
    // Runs end before all faults of a chain have come about.
    const each = (1 + chain) / 2;
    const count = Math.max(1, Math.ceil((Number(options.faults) * share) / total / each));
    const turns = Array.from({ length: count }, (_, number) => (number + 0.5) / count);
    return turns.map((turn, number) => ({ kind, number, turn }));
  });
  return all.sort((a, b) => a.turn - b.turn);
}

function chosenKinds(home) {
  const chosen = options.kind?.split(',') ?? names;
  const unknown = chosen.find((name) => KINDS[name] === undefined);
  if (unknown !== undefined) throw new Error(`there is no kind "${unknown}"\n\n${HELP}`);
  return chosen.filter((name) => {
    if (KINDS[name].possible?.(join(home, 'try')) !== false) return true;
    console.error(`${name} is not possible here: no disk may be mounted`);
    return false;
  });
}

const read = (path) =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

async function main() {
  if (options.help) return console.log(HELP);
  const home = resolve(options.work);
  mkdirSync(home, { recursive: true });
  const results = join(home, `results-${options.seed}.ndjson`);
  if (options.table) return report(read(results));
  const known = new Set(read(results).map(({ id }) => id));
  const faults = plan(chosenKinds(home)).filter(
    ({ kind, number }) => !known.has(`${kind}:${number}`),
  );
  const base = await makeBase(home);
  const done = [];
  for (const { kind, number } of faults) {
    const { scenarios } = KINDS[kind];
    const scenarioName = scenarios[number % scenarios.length];
    const began = performance.now();
    const found = await doFault({ home, base, kind, scenarioName, seed: options.seed, number });
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    const line = { id: `${kind}:${number}`, kind, scenario: scenarioName, ...found, seconds };
    if (options.only === undefined) appendFileSync(results, `${JSON.stringify(line)}\n`);
    done.push(line);
    tell(line);
  }
  report(options.only === undefined ? read(results) : done);
  if (process.argv.includes('--work') || options.only !== undefined) return;
  rmSync(home, { recursive: true, force: true });
}

function tell(line) {
  const { id, scenario, verdict, why, faults, kills, stages } = line;
  const at = kills > 0 && `${kills} kills at ${stages.join(', ')}`;
  const rest = [`${faults} faults`, at, why].filter(Boolean).join('; ');
  console.error(`${verdict.padEnd(6)} ${id} (${scenario}) ${rest}`);
  if (verdict === 'same') return;
  console.error(`       again: npm run test:faults -- --seed ${options.seed} --only ${id}`);
}

function report(lines) {
  const bad = lines.filter(({ verdict }) => !verdict === 'same');
  if (options.json)
    console.log(
      JSON.stringify({ faults: lines.reduce((sum, { faults }) => sum + faults, 0), bad }, null, 1),
    );
  else console.log(`${table(lines, names)}\n\n${stageTable(lines)}`);
  if (bad.length > 0) process.exitCode = 1;
}

await main();
