import type { StrategyName } from '../config/schema.ts';

/** The strategies from the cheapest to the most expensive: by what is trained of the network, and from where. */
export const BY_COST = ['head', 'top', 'all', 'scratch'] as const satisfies readonly StrategyName[];
