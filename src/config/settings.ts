import { type Explanation, explainConfig } from './explain.ts';
import {
  declaredStrategy,
  provisionalStrategy,
  type Resolved,
  resolveWithOrigins,
} from './resolve.ts';
import type { RunConfig, StrategyName } from './schema.ts';
import { type ConfigSource, type Merged, mergeSources } from './setting-sources.ts';

export type { ConfigSource, Explanation };

/**
 * The settings of a run, with the origin of each value, as one immutable value that is passed down from the
 * command line. The config of each strategy is resolved and checked once, here and nowhere else.
 */
export class Settings {
  readonly #layers: readonly ConfigSource[];
  readonly #merged: Merged;
  readonly #resolved = new Map<StrategyName, Resolved>();

  private constructor(layers: readonly ConfigSource[]) {
    this.#layers = layers;
    this.#merged = mergeSources(layers);
  }

  /** @param layers the weakest first: preset, files, environment, flags */
  static of(...layers: readonly ConfigSource[]): Settings {
    return new Settings(layers);
  }

  /** The settings that a run has stored. */
  static stored(origin: string, values: unknown): Settings {
    return Settings.of({ origin, values: values as ConfigSource['values'] });
  }

  /** These settings with one more layer, above all others or below them. */
  with(layer: ConfigSource, place: 'above' | 'below' = 'above'): Settings {
    return new Settings(place === 'above' ? [...this.#layers, layer] : [layer, ...this.#layers]);
  }

  /** These settings with another strategy in place of the one that was asked for. */
  instead(strategy: StrategyName): Settings {
    const values =
      strategy === 'scratch' ? { strategy, weights: 'random', freeze: null } : { strategy };
    return this.with({ origin: `strategy ${strategy}`, values });
  }

  /** The values that were given, before defaults and before any check. */
  get values(): ConfigSource['values'] {
    return this.#merged.values;
  }

  /** The strategy that was asked for. An invalid name is left to `for`. */
  get strategy(): StrategyName | 'auto' {
    return declaredStrategy(this.#layers);
  }

  /** The strategy that stands in for `auto` before the images were read. */
  get provisional(): StrategyName {
    return provisionalStrategy(this.#layers);
  }

  /**
   * The config of a run with a strategy; by default with the one that was asked for, or stands in for it.
   * @throws ConfigError with everything that is wrong, at once
   */
  for(strategy: StrategyName = this.provisional): RunConfig {
    return this.#resolve(strategy).config;
  }

  /**
   * Every value, in the order of the schema, with its origin. An open strategy is shown as `auto`.
   * @throws ConfigError as `for`
   */
  explain(): Explanation[] {
    const { config, merged } = this.#resolve(this.provisional);
    const explained = explainConfig({ config: { ...config, strategy: this.strategy }, merged });
    if (this.strategy !== 'auto') return explained;
    // What stands in for it is nobody's choice.
    const given = explainConfig({ config: { ...config, strategy: 'auto' }, merged: this.#merged });
    const origin = given.find(({ path }) => path === 'strategy')?.origin ?? 'default';
    return explained.map((each) => (each.path === 'strategy' ? { ...each, origin } : each));
  }

  #resolve(strategy: StrategyName): Resolved {
    const known = this.#resolved.get(strategy) ?? resolveWithOrigins(this.#layers, strategy);
    this.#resolved.set(strategy, known);
    return known;
  }
}
