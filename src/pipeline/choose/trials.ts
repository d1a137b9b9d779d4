import { rm } from 'node:fs/promises';
import { type Belief, shareOf } from '../../advisor/belief.ts';
import { nextTrial, type PlannedTrial } from '../../advisor/trial-order.ts';
import { verdictOf } from '../../advisor/verdict.ts';
import { interruptedError, VggtuneError } from '../../base/errors.ts';
import { broadcast, type Emit } from '../../base/events.ts';
import { isLocked, takeLock, type Unlock } from '../../base/lock.ts';
import { whyNot } from '../../config/issues.ts';
import type { RunConfig, StrategyName } from '../../config/schema.ts';
import type { Split } from '../../dataset/types.ts';
import { createEventLog } from '../../run/event-log.ts';
import { removeRun } from '../../run/store.ts';
import type { NotAllowed } from '../prepare/strategy-question.ts';
import { contextOf } from '../prepare/work-context.ts';
import { tryStrategy } from '../run/try-strategy.ts';
import {
  beliefOfContest,
  type Contest,
  openContest,
  planOf,
  stateOf,
  type TrialsRequest,
} from './contest.ts';
import { isSolvedAlone } from './trial-cost.ts';
import {
  type EndedTrial,
  isBegun,
  openTrialsPlace,
  ownPlace,
  readTrial,
  type TrialsPlace,
  trialFolder,
  writeTrial,
} from './trial-record.ts';

/** What trials of a strategy came to. */
export interface TriedStrategy {
  readonly strategy: StrategyName;
  /** Parts of the training images that it was asked about, each by a network that was not trained on it. */
  readonly folds: number;
  readonly images: number;
  /** The share of them that was named right. */
  readonly accuracy: number;
  /** Epochs of each fold; 0 where the output layer was solved. */
  readonly epochs: readonly number[];
  readonly seconds: number;
}

export type TrialRow = TriedStrategy | NotAllowed;

export interface Trials {
  /** Over the strategies that the settings allow. */
  readonly belief: Belief;
  readonly rows: readonly TrialRow[];
  /** The run that the trial of each strategy left, to be gone on with. */
  readonly begun: Partial<Record<StrategyName, string>>;
}

/** Milliseconds to wait for another process that tries strategies on the same images: what it finds is found again. */
const PATIENCE = 600_000;

/**
 * Tries strategies on parts of the training images, the cheapest first, until more trials would change little
 * or take too long. What an interrupted choice has found is kept in the cache, and found again.
 *
 * @throws VggtuneError (interrupted) on the signal
 */
export async function runTrials(request: TrialsRequest): Promise<Trials> {
  const { storage, data, signal, emit } = request;
  const place = await openTrialsPlace(storage, data.index);
  if (!place.isKept) return contestIn(place, request);
  let unlock: Unlock;
  try {
    unlock = await takeLock(place.lock, {
      busy: 'another process tries strategies on these images',
      patience: PATIENCE,
      signal,
      onWait: (owner) =>
        emit({
          type: 'note',
          message: `waiting for ${owner}, which tries strategies on these images`,
        }),
    });
  } catch (error) {
    if (!isLocked(error)) throw error;
    return contestIn(await ownPlace(), request);
  }
  try {
    return await contestIn(place, request);
  } finally {
    await unlock();
  }
}

async function contestIn(place: TrialsPlace, request: TrialsRequest): Promise<Trials> {
  try {
    const contest = openContest(request, place);
    for (;;) {
      const planned = nextTrial(stateOf(contest));
      if (planned === undefined) break;
      await runPlanned(contest, planned);
    }
    const { belief } = beliefOfContest(contest);
    const begun = await keepBegun(contest, verdictOf(belief).strategy);
    return { belief, rows: rowsOf(contest), begun };
  } finally {
    if (!place.isKept) await rm(place.root, { recursive: true, force: true });
  }
}

/** Removes what trials have trained, but the run that the winner can go on with. */
async function keepBegun(
  { folders, place }: Contest,
  winner: StrategyName,
): Promise<Trials['begun']> {
  let begun: Trials['begun'] = {};
  for (const [key, folder] of folders) {
    if (place.isKept && key === `${winner} 0` && (await isBegun(folder))) {
      begun = { [winner]: folder };
    } else await removeRun(folder);
  }
  return begun;
}

async function runPlanned(contest: Contest, { strategy, fold }: PlannedTrial): Promise<void> {
  const { request, splits, ended, refused } = contest;
  const { data, emit } = request;
  const config = contest.configs.get(strategy) as RunConfig;
  const split = splits[fold] as Split;
  const { index } = data;
  const folder = trialFolder(contest.place, { config, index, split, startHash: contest.startHash });
  contest.folders.set(`${strategy} ${fold}`, folder);
  const known = await readTrial(folder);
  const isWhole = isSolvedAlone(planOf(contest, strategy, config));
  const message = `trial: ${strategy}${isWhole ? '' : `, part ${fold + 1} of ${splits.length}`}`;
  emit({
    type: 'stage',
    stage: 'trials',
    message: known === undefined ? message : `${message}, known`,
  });
  try {
    const trial = known ?? (await runOne(contest, { strategy, config, split, folder }));
    ended.set(strategy, [...(ended.get(strategy) ?? []), trial]);
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    if (error.kind === 'interrupted') throw interrupted(contest.place);
    if (error.kind !== 'usage' && error.kind !== 'unavailable') throw error;
    contest.configs.delete(strategy);
    ended.delete(strategy);
    refused.push({ strategy, reason: whyNot(error) });
  }
}

const interrupted = ({ isKept }: TrialsPlace) =>
  interruptedError('interrupted while the strategies were tried', {
    fix: `${isKept ? 'what is known is kept: start it again to go on' : 'start it again'}, or name a strategy with --strategy`,
  });

interface One {
  readonly strategy: StrategyName;
  readonly config: RunConfig;
  readonly split: Split;
  readonly folder: string;
}

async function runOne({ request }: Contest, one: One): Promise<EndedTrial> {
  const { strategy, config, split, folder } = one;
  const started = performance.now();
  const resume = await isBegun(folder);
  const log = createEventLog();
  // Its epochs and steps are not those of the run that follows.
  const listen: Emit = (event) => {
    if (event.type === 'progress') request.emit(event);
    if (event.type !== 'epoch') return;
    const { epoch: done, epochs: total } = event;
    request.emit({ type: 'progress', task: 'trial', done, total, unit: 'epochs' });
  };
  const trial = await tryStrategy({
    ...contextOf(request),
    ...request.data,
    split,
    config: { ...config, out: folder, export: [] },
    strategy,
    evidence: ['in a trial'],
    resume,
    log,
    emit: broadcast([log.listen, listen]),
  });
  const ended = { ...trial, seconds: (performance.now() - started) / 1000 };
  await writeTrial(folder, ended);
  return ended;
}

function rowsOf({ ended, refused }: Contest): TrialRow[] {
  const tried = [...ended].map(([strategy, trials]) => {
    const right = new Map(trials.flatMap((trial) => [...trial.right]));
    return {
      strategy,
      folds: trials.length,
      images: right.size,
      accuracy: shareOf(right),
      epochs: trials.map(({ epochs }) => epochs),
      seconds: trials.reduce((sum, { seconds }) => sum + seconds, 0),
    };
  });
  return [...tried.sort((a, b) => b.accuracy - a.accuracy), ...refused];
}
