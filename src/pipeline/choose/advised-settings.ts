import type { Advice } from '../../advisor/advise.ts';
import type { Settings } from '../../config/settings.ts';

const origin = 'advice';

/**
 * Settings with what is advised: a freeze boundary stands below all that the user set; that `scratch`
 * starts from random weights stands above, for weights were named to be advised about.
 */
export function advisedSettings(
  { strategy, freeze }: Pick<Advice, 'strategy' | 'freeze'>,
  settings: Settings,
): Settings {
  if (strategy === 'scratch') {
    return settings.with({ origin, values: { weights: 'random', freeze: null } });
  }
  return freeze === null ? settings : settings.with({ origin, values: { freeze } }, 'below');
}
