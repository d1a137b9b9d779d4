import type { StrategyName } from '../config/schema.ts';
import type { Belief } from './belief.ts';
import { BY_COST } from './by-cost.ts';
import { chanceOver, verdictOf } from './verdict.ts';

/** One trial: a strategy is trained on all folds but one, and asked about that. */
export interface PlannedTrial {
  readonly strategy: StrategyName;
  readonly fold: number;
}

export interface TrialState {
  readonly belief: Belief;
  /** Folds that each strategy has been tried on. */
  readonly done: Readonly<Record<StrategyName, number>>;
  /** Folds that there are for each strategy; 0 where the settings do not allow it. */
  readonly folds: Readonly<Record<StrategyName, number>>;
  /** Seconds that a trial of each strategy takes, about. */
  readonly seconds: Readonly<Record<StrategyName, number>>;
  /** Seconds that are left. */
  readonly left: number;
  /** Tries everything that there is time for, whether it can still change anything or not. */
  readonly inFull: boolean;
}

/** A strategy is given up when it is better than the leader with no more than this probability. */
const HOPELESS = 0.05;
/** Points that the choice is expected to lose to the best: below this, more trials would change little. */
const GOOD_ENOUGH = 0.005;

/**
 * The trial to run next: the fold that fewest strategies have been tried on, the cheapest strategy first, so
 * that all are compared on the same images. Strategies that are clearly behind are left out, as are those
 * that there is no time for.
 *
 * @returns undefined where nothing is left to try, or where it would change little
 */
export function nextTrial(state: TrialState): PlannedTrial | undefined {
  const { belief, done, inFull, left, seconds } = state;
  const { strategy: leader, regret } = verdictOf(belief);
  if (!inFull && regret <= GOOD_ENOUGH) return undefined;
  const hopeful = BY_COST.filter(
    (strategy) =>
      belief.strategies.includes(strategy) &&
      (inFull || strategy === leader || chanceOver(belief, strategy, leader) > HOPELESS),
  );
  return hopeful
    .map((strategy) => ({ strategy, fold: done[strategy] }))
    .filter(({ strategy, fold }) => fold < state.folds[strategy] && seconds[strategy] <= left)
    .sort((a, b) => a.fold - b.fold)[0];
}
