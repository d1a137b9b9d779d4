import { join } from 'node:path';
import { EXIT_CODES, interruptedError } from '../../base/errors.ts';
import { DEFAULT_MAX_RUNS, RESULT_FILES } from '../../batch/constants.ts';
import { type BatchRun, planBatch } from '../../batch/plan-batch.ts';
import { refuseForeignResults } from '../../batch/refuse-foreign.ts';
import { type BatchResults, batchExit, ranked } from '../../batch/results.ts';
import { collectBatch, type RunBatchRequest, runBatch } from '../../batch/runner.ts';
import { inShard, namedRuns, type Shard } from '../../batch/select-runs.ts';
import { GATE_METRICS, type GateMetric } from '../../config/gates.ts';
import { throwIssues } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import { RESULTS_FOLDER, runCommands, sameCommand } from '../batch-list.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSources } from '../config-sources.ts';
import { createBatchView } from '../listeners/batch.ts';
import { readQueue } from '../queue-address.ts';
import { queueStopped, refuseWithQueue, trainByQueue } from '../queue-batch.ts';
import { batchLines } from '../report/batch.ts';
import { readShard, type ShardRead } from '../shard-option.ts';
import { wholeNumber } from '../whole-number.ts';

const METRICS = Object.keys(GATE_METRICS) as GateMetric[];

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'batch'>>> {
  const jobs = wholeNumber(args, 'jobs', 1);
  const maxRuns = wholeNumber(args, 'max-runs', DEFAULT_MAX_RUNS);
  // What a scheduler says of this job is about training: lists and rankings are of the whole batch.
  const isWhole = args.flag('collect') || args.flag('list');
  const part = readShard(args.text('shard'), isWhole ? {} : context.environment);
  const queue = readQueue(args, context.environment);
  const read = [jobs, maxRuns, part, queue, ...refuseWithQueue(args)];
  const issues = read.flatMap((each) => ('issue' in each ? [each.issue] : []));
  const all = await planBatch({
    patterns: args.positionals,
    above: configSources({ ...args, positionals: [] }, context.environment, issues),
    failIf: args.list('fail-if'),
    maxRuns: 'value' in maxRuns ? maxRuns.value : DEFAULT_MAX_RUNS,
    overwrite: args.flag('overwrite'),
  });
  const shard = 'shard' in part ? part.shard : undefined;
  const runs = selected(all, args, shard);
  const folder = resultsFolder(args, shard);
  if (args.flag('list')) return listed(runs, args);
  await refuseForeignResults(folder);
  if (args.flag('dry-run')) return dryRun(runs);
  const metric = METRICS.find((name) => name === args.text('rank-by')) ?? 'accuracy';
  if (args.flag('collect')) {
    const results = await collectBatch({ runs, metric, results: folder });
    return outcome(results, { folder, args, context });
  }
  if ('shard' in part) sayShard(part, context, `${runs.length} of ${all.length} runs`);
  const how = { metric, results: folder, offline: args.flag('offline') };
  const address = 'address' in queue ? queue.address : undefined;
  const results =
    address === undefined
      ? await trainAll(runs, context, { ...how, jobs: 'value' in jobs ? jobs.value : 1 })
      : await trainByQueue(runs, { ...how, address, context, overwrite: args.flag('overwrite') });
  return outcome(results, { folder, args, context });
}

function sayShard(
  { shard, from }: Exclude<ShardRead, { issue: unknown }>,
  { emit }: Context,
  share: string,
): void {
  if (shard === undefined) return;
  const by = from === undefined ? '' : `, by ${from}`;
  emit({ type: 'note', message: `shard ${shard.index} of ${shard.count}${by}: ${share}` });
}

async function trainAll(
  runs: readonly BatchRun[],
  { terminal, storage, signal }: Context,
  how: Pick<RunBatchRequest, 'metric' | 'results' | 'jobs' | 'offline'>,
): Promise<BatchResults> {
  const view = createBatchView(
    terminal,
    runs.map(({ name }) => name),
  );
  try {
    return await runBatch({ ...how, runs, storage, signal, emit: view.listen });
  } finally {
    view.close();
  }
}

function selected(
  all: readonly BatchRun[],
  args: Arguments,
  shard: Shard | undefined,
): readonly BatchRun[] {
  const names = args.list('run');
  const { runs, issues } = names.length === 0 ? { runs: all, issues: [] } : namedRuns(all, names);
  throwIssues(issues);
  return shard === undefined ? runs : inShard(runs, shard);
}

/** Shards share a folder: each leaves its own results in it. */
function resultsFolder(args: Arguments, shard: Shard | undefined): string {
  const folder = args.text('results') ?? RESULTS_FOLDER;
  return shard === undefined ? folder : join(folder, `shard-${shard.index}-of-${shard.count}`);
}

function listed(runs: readonly BatchRun[], args: Arguments): Outcome<Output<'batch'>> {
  const left = runs.filter(({ state }) => state.kind !== 'finished');
  return { ...dryRun(left), text: runCommands(left, args).join('\n'), forPrograms: true };
}

function outcome(
  results: BatchResults,
  of: { readonly folder: string; readonly args: Arguments; readonly context: Context },
): Outcome<Output<'batch'>> {
  const { folder, args, context } = of;
  const files = RESULT_FILES.map((name) => join(folder, name));
  if (!args.flag('collect') && context.signal.aborted) {
    throw args.has('queue') ? queueStopped(results, args) : stopped(results, args);
  }
  const best = ranked(results.runs, results.metric)[0];
  return {
    document: { ...results, best: best?.name ?? null, files },
    text: batchLines(results, files, context.terminal).join('\n'),
    exitCode: exitOf(results, args),
  };
}

/** A collection that lacks runs is no result to go on with. */
function exitOf({ runs, counts }: BatchResults, args: Arguments): number {
  const code = batchExit(runs);
  return code === EXIT_CODES.ok && args.flag('collect') && counts.waiting > 0
    ? EXIT_CODES.data
    : code;
}

function stopped({ counts, runs }: BatchResults, args: Arguments): Error {
  const done = runs.length - counts.interrupted - counts.waiting;
  return interruptedError('the batch was interrupted', {
    found: `${done} of ${runs.length} runs have ended; what was begun is kept`,
    fix: `the same command goes on where it was: ${sameCommand(args)}`,
  });
}

function dryRun(runs: readonly BatchRun[]): Outcome<Output<'batch'>> {
  const rows = runs.map(({ name, file, folder, state }) => ({
    name,
    file,
    folder,
    state: state.kind,
  }));
  return {
    document: { runs: rows },
    text: [...rows.map(({ name, state }) => `${name}  (${STATES[state]})`)].join('\n'),
    exitCode: EXIT_CODES.ok,
  };
}

const STATES: Readonly<Record<BatchRun['state']['kind'], string>> = {
  new: 'to be trained',
  begun: 'to be resumed',
  replace: 'to be trained anew',
  finished: 'finished',
  refused: 'refused',
};
