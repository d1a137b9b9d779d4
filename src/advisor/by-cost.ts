import type { StrategyName } from '../config/schema.ts';

/** What is trained of the network, and from where: the more, the more it costs. */
const COST: Readonly<Record<StrategyName, number>> = { head: 0, top: 1, all: 2, scratch: 3 };

/** The strategies from the cheapest to the most expensive. */
export const BY_COST: readonly StrategyName[] = (Object.keys(COST) as StrategyName[]).sort(
  (a, b) => COST[a] - COST[b],
);
