import type { StrategyName } from '../../config/schema.ts';
import type { Settings } from '../../config/settings.ts';
import type { Engine } from '../../engines/engine.ts';
import type { LoadedData } from './data.ts';
import type { Start } from './start-weights.ts';
import type { WorkContext } from './work-context.ts';

/** The images, weights and engine for choosing a strategy and estimating its cost. */
export interface StrategyQuestion extends WorkContext {
  /** The settings, from which those of each strategy follow where it is tried or measured. */
  readonly settings: Settings;
  readonly data: LoadedData;
  readonly start: Start;
  readonly engine: Engine;
}

/** A strategy that the settings do not allow, and why. */
export interface NotAllowed {
  readonly strategy: StrategyName;
  readonly reason: string;
}
