import type { StrategyName } from '../config/schema.ts';
import { type Belief, draws } from './belief.ts';
import { BY_COST } from './by-cost.ts';

/** What follows from what is believed of the strategies. */
export interface Verdict {
  readonly strategy: StrategyName;
  readonly runnerUp: StrategyName;
  /** How probable it is that no strategy is more than two points better. */
  readonly confidence: number;
  /** By how much the best strategy is better in the mean, as a share. */
  readonly regret: number;
  /** By how much it is better than the runner-up, as a share, and within which limits 19 times of 20. */
  readonly difference: { readonly mean: number; readonly low: number; readonly high: number };
  /** Whether another strategy, which costs more, is expected to be as good. */
  readonly isClose: boolean;
}

/** Strategies within so many points are as good as each other. */
const WITHIN = 0.02;
/** A strategy that is expected to lose no more than this to another is taken for as good. */
const SAME = 0.005;

/** The strategy that is expected to lose least to the best one; among those that are as good the cheapest. */
export function verdictOf(belief: Belief): Verdict {
  const { strategies } = belief;
  const drawn = draws(belief);
  const regrets = strategies.map((_, i) =>
    meanOf(drawn.map((each) => Math.max(...each) - at(each, i))),
  );
  const least = Math.min(...regrets);
  const close = BY_COST.filter((strategy) => {
    const regret = regrets[strategies.indexOf(strategy)];
    return regret !== undefined && regret <= least + SAME;
  });
  const [strategy = strategies[0] ?? 'head'] = close;
  const chosen = strategies.indexOf(strategy);
  const [next] = [...strategies.keys()]
    .filter((i) => i !== chosen)
    .sort((a, b) => at(regrets, a) - at(regrets, b));
  const second = next ?? chosen;
  const leads = drawn.map((each) => at(each, chosen) - at(each, second)).sort((a, b) => a - b);
  const quantile = (share: number) => at(leads, Math.floor(share * (leads.length - 1)));
  return {
    strategy,
    runnerUp: strategies[second] ?? strategy,
    confidence: shareWhere(drawn, (each) => at(each, chosen) >= Math.max(...each) - WITHIN),
    regret: at(regrets, chosen),
    difference: { mean: meanOf(leads), low: quantile(0.025), high: quantile(0.975) },
    isClose: close.length > 1,
  };
}

/** How probable it is that a strategy is better than another one. */
export function chanceOver(belief: Belief, strategy: StrategyName, other: StrategyName): number {
  const [a, b] = [belief.strategies.indexOf(strategy), belief.strategies.indexOf(other)];
  return shareWhere(draws(belief), (each) => at(each, a) > at(each, b));
}

const at = (values: readonly number[], index: number) => values[index] ?? Number.NaN;
const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const shareWhere = <T>(items: readonly T[], is: (item: T) => boolean) =>
  items.filter(is).length / Math.max(1, items.length);
