import type { Advice } from '../../advisor/advise.ts';
import type { Settings } from '../../config/settings.ts';

const origin = 'advice';

/**
 * Settings with the advice added: an advised freeze boundary is placed below all that the user set; that
 * `scratch` starts from random weights is placed above, because the weights were named for the advice alone.
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
