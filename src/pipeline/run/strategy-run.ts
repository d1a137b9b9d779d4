import type { RunConfig, StrategyName } from '../../config/schema.ts';
import type { NearDuplicateGroups } from '../../dataset/near-duplicate-groups.ts';
import type { DatasetIndex, Split } from '../../dataset/types.ts';
import type { EventLog } from '../../run/event-log.ts';
import type { Tracking } from '../../tracking/tracking.ts';
import type { WorkContext } from '../prepare/work-context.ts';

/** One run with one strategy, in which no choice is left. */
export interface StrategyRun extends WorkContext {
  readonly config: RunConfig;
  readonly strategy: StrategyName;
  /** The reasons for the strategy, one sentence each. */
  readonly evidence: readonly string[];
  readonly index: DatasetIndex;
  readonly split: Split;
  /** Near-duplicates: no fold of a cross-validation divides them. */
  readonly groups?: NearDuplicateGroups;
  /** Goes on with the run in the `out` folder. */
  readonly resume?: boolean;
  /** Replaces the run in the `out` folder. */
  readonly overwrite?: boolean;
  /**
   * Measures the trained network on the validation images even where there are test images: what is chosen
   * by the figures would otherwise have been chosen by the test.
   */
  readonly measureOn?: 'val';
  /** The event log, which receives the run's folder once it is open. */
  readonly log?: EventLog;
  /** Other software that is told of the run, as soon as its folder is open. */
  readonly tracking?: Tracking;
}
