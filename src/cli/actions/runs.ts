import { usageError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { ConfigError } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import { compareRuns } from '../../pipeline/runs/compare-runs.ts';
import { findRuns } from '../../pipeline/runs/find-runs.ts';
import { removeRuns } from '../../pipeline/runs/remove-runs.ts';
import { type RunSummary, summarise } from '../../pipeline/runs/run-summary.ts';
import type { QueueAddress } from '../../queue/address.ts';
import { openBroker } from '../../queue/bullmq.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { plural } from '../number-formats.ts';
import { awayNotes, readQueue } from '../queue-address.ts';
import { queueLines, queueRow } from '../report/queue.ts';
import { comparedLines, listedLines } from '../report/runs.ts';
import { RUN_ORDERS } from '../run-orders.ts';
import { shortPath } from '../shell.ts';

type Action = (args: Arguments, context: Context) => Promise<Outcome<Output<'runs'>>>;

/** Where `train` puts its runs by default. */
const RUNS = 'runs';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'runs'>>> {
  const [word = 'list'] = args.positionals;
  const action = ACTIONS[word as keyof typeof ACTIONS];
  if (action === undefined || !Object.hasOwn(ACTIONS, word)) throw unknownAction(word);
  return action(args, context);
}

const list: Action = async (args, context) => {
  const queue = readQueue(args, context.environment);
  if ('issue' in queue) throw new ConfigError([queue.issue]);
  if (queue.address !== undefined) return listQueue(queue.address, context);
  const { terminal, signal } = context;
  const named = args.positionals.slice(1);
  const folders = named.length === 0 ? [RUNS] : named;
  const found = new Set<string>();
  for (const folder of folders) {
    for (const run of await findRuns(folder, signal)) found.add(run);
  }
  const runs: RunSummary[] = [];
  for (const folder of found) runs.push(await summarise(folder));
  const order = RUN_ORDERS.find((name) => name === args.text('sort')) ?? 'begun';
  runs.sort(COMPARE[order]);
  const text =
    runs.length === 0 ? [`no runs in ${folders.join(', ')}`] : listedLines(runs, terminal);
  return { document: { folders, runs: runs.map(rowOf) }, text: text.join('\n') };
};

const compare: Action = async (args, { terminal }) => {
  const folders = expectRuns(args, 2);
  const comparison = await compareRuns(folders);
  const { settings, sameImages } = comparison;
  return {
    document: { runs: comparison.runs.map(rowOf), settings, sameImages },
    text: comparedLines(comparison, terminal).join('\n'),
  };
};

const remove: Action = async (args, { signal }) => {
  const removed = await removeRuns(expectRuns(args, 1), signal);
  const names = removed.map(shortPath).join(', ');
  return { document: { removed }, text: `removed ${plural(removed.length, 'run')}: ${names}` };
};

const ACTIONS = { list, compare, remove };

const accuracyOf = ({ metrics }: RunSummary) => metrics?.metrics.accuracy ?? -1;

const COMPARE: Readonly<
  Record<(typeof RUN_ORDERS)[number], (a: RunSummary, b: RunSummary) => number>
> = {
  begun: (a, b) => (b.begun ?? '').localeCompare(a.begun ?? ''),
  accuracy: (a, b) => accuracyOf(b) - accuracyOf(a),
  name: (a, b) => a.folder.localeCompare(b.folder),
};

async function listQueue(
  address: QueueAddress,
  { terminal, emit }: Context,
): Promise<Outcome<Output<'runs'>>> {
  const broker = await openBroker(address, awayNotes(address, emit));
  try {
    const [jobs, workers] = [await broker.list(), await broker.workers()];
    const rows = jobs.map(queueRow);
    return {
      document: { queue: address.shown, workers: [...workers], runs: rows },
      text: queueLines(rows, workers, terminal).join('\n'),
    };
  } finally {
    await broker.close();
  }
}

type Row = Extract<Output<'runs'>, { folders: unknown }>['runs'][number];

function rowOf({ folder, state, problem, begun, config, plan, split, metrics }: RunSummary): Row {
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    run: folder,
    state,
    begun,
    ...(problem !== undefined && { problem }),
    data: text(config.data),
    backbone: text(config.backbone),
    strategy: plan?.strategy ?? text(config.strategy),
    classes: split?.classes.length ?? null,
    trained: split?.train.length ?? null,
    measured:
      metrics === undefined
        ? null
        : { side: metrics.side, images: metrics.images, metrics: metrics.metrics },
  };
}

/** @throws VggtuneError (usage) when there are fewer run folders than an action wants */
function expectRuns({ positionals }: Arguments, least: number): readonly string[] {
  const [word = '', ...folders] = positionals;
  if (folders.length >= least) return folders;
  throw usageError(`runs ${word} wants ${plural(least, 'run folder')} or more`, {
    found: folders.length === 0 ? 'none' : folders.join(', '),
    fix: '`vggtune runs list` shows the runs that there are',
  });
}

function unknownAction(word: string): Error {
  const names = Object.keys(ACTIONS);
  return usageError(`runs cannot "${word}"`, {
    expected: `one of ${names.join(', ')}`,
    fix: didYouMean(word, names) ?? `for the runs below ${word}: vggtune runs list ${word}`,
  });
}
