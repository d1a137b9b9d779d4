import type { Advice } from '../advisor/advise.ts';
import type { ConfigSource } from '../config/resolve.ts';

const origin = 'advice';

/**
 * Settings with what is advised: a freeze boundary stands below all that the user set; that `scratch`
 * starts from random weights stands above, for weights were named to be advised about.
 */
export function advisedSources(
  { strategy, freeze }: Pick<Advice, 'strategy' | 'freeze'>,
  sources: readonly ConfigSource[],
): readonly ConfigSource[] {
  if (strategy === 'scratch') {
    return [...sources, { origin, values: { weights: 'random', freeze: null } }];
  }
  return freeze === null ? sources : [{ origin, values: { freeze } }, ...sources];
}
