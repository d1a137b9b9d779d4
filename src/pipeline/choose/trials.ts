import { rm } from 'node:fs/promises';
import { type Belief, shareOf, updated } from '../../advisor/belief.ts';
import { nextTrial, type PlannedTrial } from '../../advisor/trial-order.ts';
import { verdictOf } from '../../advisor/verdict.ts';
import { interruptedError, VggtuneError } from '../../base/errors.ts';
import { broadcast, type Emit } from '../../base/events.ts';
import { isLocked, takeLock, type Unlock } from '../../base/lock.ts';
import { whyNot } from '../../config/issues.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../../config/schema.ts';
import type { ConfigSource } from '../../config/settings.ts';
import type { Split } from '../../dataset/types.ts';
import { createEventLog } from '../../run/event-log.ts';
import { startHash } from '../prepare/start-weights.ts';
import type { NotAllowed, StrategyQuestion } from '../prepare/strategy-question.ts';
import { contextOf } from '../prepare/work-context.ts';
import { isRefit } from '../run/refit.ts';
import { tryStrategy } from '../run/try-strategy.ts';
import { isSolvedAlone, runSeconds } from './trial-cost.ts';
import {
  dropRun,
  type EndedTrial,
  isBegun,
  openTrialsPlace,
  ownPlace,
  readTrial,
  type TrialsPlace,
  trialFolder,
  writeTrial,
} from './trial-record.ts';
import { trialSplits } from './trial-splits.ts';

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

export interface TrialsRequest extends StrategyQuestion {
  /** Before any trial, over all four strategies. */
  readonly belief: Belief;
  /** Settings of single strategies, below all others: a boundary that is advised. */
  readonly advised: Partial<Record<StrategyName, ConfigSource['values']>>;
  /** Multiply-adds a second of a forward pass. */
  readonly speed: number;
  /** Seconds that trials may take; null: about as long as the chosen run, and a minute at least. */
  readonly budget: number | null;
}

export interface Trials {
  /** Over the strategies that the settings allow. */
  readonly belief: Belief;
  readonly rows: readonly TrialRow[];
  /** The run that the trial of each strategy left, to be gone on with. */
  readonly begun: Partial<Record<StrategyName, string>>;
}

/** What trials may take at least, in seconds. */
const LEAST_BUDGET = 60;
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
    } else await dropRun(folder);
  }
  return begun;
}

interface Contest {
  readonly request: TrialsRequest;
  readonly place: TrialsPlace;
  readonly splits: readonly Split[];
  readonly startHash: string;
  /** Of the strategies that the settings allow. */
  readonly configs: Map<StrategyName, RunConfig>;
  readonly refused: NotAllowed[];
  readonly ended: Map<StrategyName, EndedTrial[]>;
  /** By strategy and fold. */
  readonly folders: Map<string, string>;
}

function openContest(request: TrialsRequest, place: TrialsPlace): Contest {
  const { settings, data, start } = request;
  const configs = new Map<StrategyName, RunConfig>();
  const refused: NotAllowed[] = [];
  for (const strategy of STRATEGIES) {
    const advised = { origin: 'advice', values: request.advised[strategy] ?? {} };
    try {
      configs.set(strategy, settings.with(advised, 'below').instead(strategy).for(strategy));
    } catch (error) {
      if (!(error instanceof VggtuneError)) throw error;
      refused.push({ strategy, reason: whyNot(error) });
    }
  }
  const { seed } = settings.for();
  return {
    request,
    place,
    splits: trialSplits(data, seed),
    startHash: startHash(start),
    configs,
    refused,
    ended: new Map(),
    folders: new Map(),
  };
}

/** What a plan of a strategy depends on. */
function planOf({ request }: Contest, strategy: StrategyName, config: RunConfig) {
  const { data, start } = request;
  const newLayers = strategy === 'scratch' ? new Set<string>() : start.newLayers;
  return { strategy, config, classes: data.index.classes.length, newLayers };
}

function stateOf(contest: Contest) {
  const { belief, done } = beliefOfContest(contest);
  const { budget } = contest.request;
  const each = <T>(of: (strategy: StrategyName) => T) =>
    Object.fromEntries(STRATEGIES.map((name) => [name, of(name)])) as Record<StrategyName, T>;
  const leader = verdictOf(belief).strategy;
  // Trials that are known count as well: what is advised does not depend on whether it was asked before.
  const trials = [...contest.ended.values()].flat();
  const spent = trials.reduce((sum, { seconds }) => sum + seconds, 0);
  const most = budget ?? Math.max(LEAST_BUDGET, secondsOf(contest, leader, 'run'));
  return {
    belief,
    done: each((name) => done.get(name) ?? 0),
    folds: each((name) => {
      const config = contest.configs.get(name);
      if (config === undefined) return 0;
      return isSolvedAlone(planOf(contest, name, config)) ? 1 : contest.splits.length;
    }),
    seconds: each((name) => secondsOf(contest, name, 'trial')),
    left: most - spent,
    inFull: budget !== null,
  };
}

/** The belief over the strategies that are allowed, and on how many folds each was tried. */
function beliefOfContest({ request, configs, ended }: Contest) {
  const kept = request.belief.strategies.flatMap((name, i) => (configs.has(name) ? [i] : []));
  const prior: Belief = {
    strategies: kept.map((i) => request.belief.strategies[i] as StrategyName),
    mean: kept.map((i) => request.belief.mean[i] as number),
    covariance: request.belief.covariance.selection(kept, kept),
  };
  const tried = [...ended].map(([strategy, trials]) => ({
    strategy,
    right: new Map(trials.flatMap(({ right }) => [...right])),
  }));
  const done = new Map([...ended].map(([strategy, trials]) => [strategy, trials.length]));
  return { belief: updated(prior, tried), done };
}

/** About how long a trial or a whole run takes: as the last trial did, or by what it computes. */
function secondsOf(contest: Contest, strategy: StrategyName, what: 'trial' | 'run'): number {
  const { request, configs, ended } = contest;
  const config = configs.get(strategy);
  if (config === undefined) return 0;
  const { data, speed } = request;
  const { train, val } = data.split;
  const of = {
    ...planOf(contest, strategy, config),
    images: { train: train.length, val: val.length },
    speed,
  };
  const guess = runSeconds(of, what === 'run' && isRefit({ ...data, config, strategy }));
  const last = ended.get(strategy)?.at(-1);
  if (last === undefined) return guess;
  return what === 'trial' ? last.seconds : Math.max(guess, last.seconds);
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
