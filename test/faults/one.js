import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.js';
import { KINDS } from './kinds.js';
import { randomOf } from './random.js';
import { again, makeHalf, makeReference, makeWorld, SCENARIOS } from './scenarios.js';
import { hashOf, leftovers, manifest, missing } from './world.js';

/** What is wrong with how a disturbed process ended; undefined where it was killed or says what is the matter. */
function dishonesty({ code, signal, stderr, hung, who = 'the command' }, cause) {
  if (hung) return ['hang', `${who} did not end`];
  if (signal === 'SIGKILL') return undefined;
  if (signal !== null) return ['crash', `${who} ended by ${signal}: ${tail(stderr)}`];
  if (code === 0) return undefined;
  if (code === 1 || /^bug:|^ +at .*:\d+:\d+/m.test(stderr))
    return ['crash', `${who} shows a bug: ${tail(stderr)}`];
  // A batch says of each run what became of it.
  if (!/^(error|stopped): |^\[\d+\/\d+\] .*: failed, /m.test(stderr))
    return ['crash', `${who} does not say why: ${tail(stderr)}`];
  if (cause !== undefined && !cause.test(stderr))
    return ['crash', `${who} does not name the cause ${cause}: ${tail(stderr)}`];
  return undefined;
}

const tail = (text) => text.trim().split('\n').slice(-12).join(' | ').slice(-1500);

/** Files of a result that differ from those of the undisturbed command. */
function differences(world, result, folder) {
  return Object.entries(result).flatMap(([name, hash]) => {
    const path = join(world, folder === undefined ? name : name.replace(/^run\//, `${folder}/`));
    if (!existsSync(path)) return [`there is no ${name}`];
    return hashOf(path) === hash ? [] : [`${name} differs`];
  });
}

/** Where a run was when it was killed, by its log. */
function stageOf(world) {
  try {
    const lines = readFileSync(join(world, 'run', 'events.ndjson'), 'utf8')
      .trim()
      .split('\n');
    const event = JSON.parse(lines.at(-1));
    return event.stage ?? event.task ?? event.type;
  } catch {
    return 'before the log';
  }
}

/**
 * Does one fault to a world of its own.
 * @returns a line of the results: `verdict` is same, lost, faked, hang, crash or litter
 */
export async function doFault({ home, base, kind, scenarioName, seed, number }) {
  const row = KINDS[kind];
  const scenario = SCENARIOS[scenarioName];
  const random = randomOf(`${seed} ${kind} ${number}`);
  const reference = await makeReference(home, { base, name: scenarioName });
  const from = row.half ? await makeHalf(home, { base, name: scenarioName }) : base;
  const world = makeWorld(join(home, 'world'), { base: from, reference, scenario });
  const fault = { world, scenario, reference, random, ...row.prepare?.({ random }) };
  const before = Object.fromEntries(
    Object.entries(manifest(world)).filter(([name]) => !name.startsWith('run/')),
  );
  const attempts = [];
  const stages = [];
  try {
    for (let left = row.chain ?? 1; left > 0; left--) {
      const some = await row.inject(fault);
      attempts.push(...some);
      if (some.some(wasKilled)) stages.push(stageOf(world));
      const wrong = wrongAfter(some, { row, fault, before });
      if (wrong !== undefined) return summary({ attempts, stages, fault, found: wrong });
      if (some.at(-1).code === 0) break;
    }
    fault.makeRoom?.();
    const found = await judge({ fault, attempts, before });
    return summary({ attempts, stages, fault, found });
  } finally {
    fault.cleanUp?.();
  }
}

const wasKilled = ({ signal, hung }) => signal === 'SIGKILL' && !hung;

/** `faults`: of those asked for, what came about before the command was over. */
function summary({ attempts, stages, fault, found }) {
  return {
    faults: attempts.filter(({ fired }) => fired).length,
    kills: attempts.filter(wasKilled).length,
    errors: attempts.filter(({ code }) => code !== 0 && code !== null).length,
    stages,
    ...found,
    ...(fault.note && { note: fault.note }),
  };
}

/** What is wrong right after a fault: an error that does not say why, or something that is gone. */
function wrongAfter(attempts, { row, fault, before }) {
  const cause = fault.cause ?? row.causeOf?.(fault) ?? row.cause;
  for (const attempt of attempts) {
    const wrong = dishonesty(attempt, cause);
    if (wrong !== undefined) return { verdict: wrong[0], why: wrong[1] };
  }
  const lost = missing(fault.world, before);
  return lost.length > 0 ? { verdict: 'lost', why: lost.join(', ') } : undefined;
}

async function judge({ fault, attempts, before }) {
  const { world, scenario, reference, alsoIn } = fault;
  const last = attempts.at(-1);
  if (last.code === 0 && alsoIn === undefined) {
    const different = differences(world, reference.result);
    if (different.length > 0)
      return { verdict: 'faked', why: `exit 0, but ${different.join(', ')}: ${tail(last.stderr)}` };
  }
  const settled = await settle(fault, last);
  if (settled !== undefined) return settled;
  const gone = missing(world, before);
  if (gone.length > 0) return { verdict: 'lost', why: `after going on, ${gone.join(', ')}` };
  const left = scenario.runs.flatMap((name) => leftovers(join(world, name)));
  if (left.length > 0) return { verdict: 'litter', why: left.join(', ') };
  const failed = attempts.find(({ code }) => code !== 0 && code !== null);
  return failed === undefined
    ? { verdict: 'same' }
    : { verdict: 'same', why: failed.stderr.match(/^(error|stopped): .*/m)?.[0] };
}

/** Goes on, undisturbed, until there is a result. */
async function settle({ world, scenario, reference, alsoIn }, last) {
  if (last.code !== 0 || alsoIn !== undefined) {
    const ended = await run(world, again(world, scenario));
    if (ended.hung) return { verdict: 'hang', why: 'going on did not end' };
    if (ended.code !== 0) return { verdict: 'lost', why: `going on fails: ${tail(ended.stderr)}` };
  }
  for (const folder of alsoIn === undefined ? [undefined] : [undefined, alsoIn]) {
    const different = differences(world, reference.result, folder);
    if (different.length > 0) return { verdict: 'faked', why: different.join(', ') };
  }
  return undefined;
}
