import { join } from 'node:path';
import { EXIT_CODES, interruptedError } from '../../base/errors.ts';
import type { Shard } from '../../base/shard.ts';
import { DEFAULT_MAX_RUNS, RESULT_FILES } from '../../batch/constants.ts';
import { type BatchRun, planBatch } from '../../batch/plan-batch.ts';
import { refuseForeignResults } from '../../batch/refuse-foreign.ts';
import { type BatchResults, batchExit, type RunResult, ranked } from '../../batch/results.ts';
import { collectBatch, type RunBatchRequest, runBatch } from '../../batch/runner.ts';
import { inShard, namedRuns } from '../../batch/select-runs.ts';
import { GATE_METRICS, type GateMetric } from '../../config/gates.ts';
import { type ConfigIssue, throwIssues } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import type { QueueAddress } from '../../queue/address.ts';
import { refuseForeignBest } from '../../search/best-config.ts';
import { SEARCH_SOURCE, searchCandidates } from '../../search/candidates.ts';
import { runSearch, type SearchResults } from '../../search/run-search.ts';
import { RESULTS_FOLDER, runCommands, sameCommand } from '../batch-list.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSources } from '../config-sources.ts';
import { createBatchView } from '../listeners/batch.ts';
import { readWholeNumber } from '../number-arguments.ts';
import { readQueue } from '../queue-address.ts';
import { queueStopped, refuseWithQueue, trainByQueue } from '../queue-batch.ts';
import { batchLines } from '../report/batch.ts';
import { searchLines } from '../report/search.ts';
import { type ReadSearch, readSearch } from '../search-options.ts';
import { readShard, type ShardRead } from '../shard-option.ts';

const METRICS = Object.keys(GATE_METRICS) as GateMetric[];

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'batch'>>> {
  const asked = readFlags(args, context);
  const { search, shard } = asked;
  const all = await planBatch({
    patterns: args.positionals,
    above: configSources({ ...args, positionals: [] }, context.environment, asked.issues),
    failIf: args.list('fail-if'),
    maxRuns: asked.maxRuns,
    overwrite: args.flag('overwrite'),
    ...(args.has('search') && {
      combine: searchCandidates(search?.points ?? 1),
      below: [SEARCH_SOURCE],
    }),
  });
  const runs = selected(all, args, shard);
  const folder = resultsFolder(args, shard);
  if (args.flag('list')) return listed(runs, args);
  await refuseForeignResults(folder);
  if (search !== undefined) await refuseForeignBest(folder);
  if (args.flag('dry-run')) return dryRun(runs);
  const metric = METRICS.find((name) => name === args.text('rank-by')) ?? 'accuracy';
  if (!args.flag('collect')) sayShard(asked, context, `${runs.length} of ${all.length} runs`);
  const how = { metric, results: folder, offline: args.flag('offline') };
  const results = args.flag('collect')
    ? await collectBatch({ ...how, runs })
    : await trainAll(runs, { asked, how, args, context });
  return outcome(results, { folder, args, context });
}

/** What the flags of a batch say. What is wrong with them is told together with what is wrong in the files. */
interface Asked {
  readonly issues: ConfigIssue[];
  readonly jobs: number;
  readonly maxRuns: number;
  readonly shard: Shard | undefined;
  /** The variable of a scheduler that says which shard this is. */
  readonly shardBy: string | undefined;
  readonly search: Extract<ReadSearch, { readonly budget: number }> | undefined;
  readonly address: QueueAddress | undefined;
}

function readFlags(args: Arguments, { environment }: Context): Asked {
  const jobs = readWholeNumber(args, 'jobs', 1);
  const maxRuns = readWholeNumber(args, 'max-runs', DEFAULT_MAX_RUNS);
  // What a scheduler says of this job is about training: lists and rankings are of the whole batch.
  const isWhole = args.flag('collect') || args.flag('list');
  const part: ShardRead = readShard(args.text('shard'), isWhole ? {} : environment);
  const search = readSearch(args, part);
  const queue = readQueue(args, environment);
  const read = [jobs, maxRuns, part, search, queue, ...refuseWithQueue(args)];
  return {
    issues: read.flatMap((each) => ('issue' in each ? [each.issue] : [])),
    jobs: 'value' in jobs ? jobs.value : 1,
    maxRuns: 'value' in maxRuns ? maxRuns.value : DEFAULT_MAX_RUNS,
    shard: 'shard' in part ? part.shard : undefined,
    shardBy: 'shard' in part ? part.from : undefined,
    search: 'budget' in search ? search : undefined,
    address: 'address' in queue ? queue.address : undefined,
  };
}

function sayShard({ shard, shardBy }: Asked, { emit }: Context, share: string): void {
  if (shard === undefined) return;
  const by = shardBy === undefined ? '' : `, by ${shardBy}`;
  emit({ type: 'note', message: `shard ${shard.index} of ${shard.count}${by}: ${share}` });
}

/** Trains the runs here, by a search, or by the workers of a queue. */
async function trainAll(
  runs: readonly BatchRun[],
  of: {
    readonly asked: Asked;
    readonly how: Pick<RunBatchRequest, 'metric' | 'results' | 'offline'>;
    readonly args: Arguments;
    readonly context: Context;
  },
): Promise<BatchResults | SearchResults> {
  const { asked, how, args, context } = of;
  const { address, search, jobs } = asked;
  if (address !== undefined) {
    return trainByQueue(runs, { ...how, address, context, overwrite: args.flag('overwrite') });
  }
  const { terminal, storage, signal } = context;
  const view = createBatchView(
    terminal,
    runs.map(({ name }) => name),
  );
  try {
    const request = { ...how, runs, storage, signal, emit: view.listen };
    return await (search === undefined
      ? runBatch({ ...request, jobs })
      : runSearch({ ...request, budget: search.budget }));
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
  results: BatchResults | SearchResults,
  of: { readonly folder: string; readonly args: Arguments; readonly context: Context },
): Outcome<Output<'batch'>> {
  const { folder, args, context } = of;
  const bestConfig = 'search' in results ? results.search.bestConfig : null;
  const files = [
    ...(bestConfig === null ? [] : [bestConfig]),
    ...RESULT_FILES.map((name) => join(folder, name)),
  ];
  if (!args.flag('collect') && context.signal.aborted) {
    throw args.has('queue') ? queueStopped(results, args) : stopped(results, args);
  }
  const [first] = ranked(results.runs, results.metric);
  const best =
    'search' in results ? results.runs.find(({ name }) => name === results.search.best) : first;
  const more = 'search' in results ? searchLines(results, context.terminal) : [];
  return {
    document: { ...results, best: best?.name ?? null, files },
    text: [...batchLines(results, files, context.terminal), ...more].join('\n'),
    exitCode: exitOf(results, args, best),
  };
}

/** A collection that lacks runs, and a search in which none has ended, are no results to go on with. */
function exitOf(
  { runs, counts }: BatchResults,
  args: Arguments,
  best: RunResult | undefined,
): number {
  const code = batchExit(runs);
  const lacks = args.flag('collect')
    ? counts.waiting > 0
    : args.has('search') && best === undefined;
  return code === EXIT_CODES.ok && lacks ? EXIT_CODES.data : code;
}

function stopped({ counts, runs }: BatchResults, args: Arguments): Error {
  const done = runs.length - counts.interrupted - counts.stopped - counts.waiting;
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
