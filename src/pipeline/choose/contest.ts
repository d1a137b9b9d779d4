import { type Belief, updated } from '../../advisor/belief.ts';
import type { TrialState } from '../../advisor/trial-order.ts';
import { verdictOf } from '../../advisor/verdict.ts';
import { VggtuneError } from '../../base/errors.ts';
import { whyNot } from '../../config/issues.ts';
import { type RunConfig, STRATEGIES, type StrategyName } from '../../config/schema.ts';
import type { ConfigSource } from '../../config/settings.ts';
import type { Split } from '../../dataset/types.ts';
import { startHash } from '../prepare/start-weights.ts';
import type { NotAllowed, StrategyQuestion } from '../prepare/strategy-question.ts';
import { isRefit } from '../run/refit.ts';
import { isSolvedAlone, runSeconds } from './trial-cost.ts';
import type { EndedTrial, TrialsPlace } from './trial-record.ts';
import { trialSplits } from './trial-splits.ts';

export interface TrialsRequest extends StrategyQuestion {
  /** What is believed before any trial, of all four strategies. */
  readonly belief: Belief;
  /** Settings of single strategies, below all others: a boundary that is advised. */
  readonly advised: Partial<Record<StrategyName, ConfigSource['values']>>;
  /** Multiply-adds a second of a forward pass. */
  readonly speed: number;
  /** Seconds that trials may take; null: about as long as the chosen run, and a minute at least. */
  readonly budget: number | null;
}

/** What trials may take at least, in seconds. */
const LEAST_BUDGET = 60;

/** The strategies that are tried against each other, and what is known of them so far. */
export interface Contest {
  readonly request: TrialsRequest;
  readonly place: TrialsPlace;
  readonly splits: readonly Split[];
  readonly startHash: string;
  /** The config of each strategy that the settings allow. */
  readonly configs: Map<StrategyName, RunConfig>;
  readonly refused: NotAllowed[];
  readonly ended: Map<StrategyName, EndedTrial[]>;
  /** By strategy and fold. */
  readonly folders: Map<string, string>;
}

export function openContest(request: TrialsRequest, place: TrialsPlace): Contest {
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
export function planOf({ request }: Contest, strategy: StrategyName, config: RunConfig) {
  const { data, start } = request;
  const newLayers = strategy === 'scratch' ? new Set<string>() : start.newLayers;
  return { strategy, config, classes: data.index.classes.length, newLayers };
}

/** What the choice of the next trial depends on. */
export function stateOf(contest: Contest): TrialState {
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
      const { length } = contest.splits;
      return isSolvedAlone(planOf(contest, name, config)) ? Math.min(1, length) : length;
    }),
    seconds: each((name) => secondsOf(contest, name, 'trial')),
    left: most - spent,
    inFull: budget !== null,
  };
}

/** The belief over the strategies that are allowed, and on how many folds each was tried. */
export function beliefOfContest({ request, configs, ended }: Contest) {
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
