import type { RunConfig } from '../config/schema.ts';
import type { RunPaths } from '../run/store.ts';
import type { Point } from './points.ts';

/** The run that a tracker is to tell of. */
export interface TrackedRun {
  readonly paths: RunPaths;
  readonly config: RunConfig;
  /** What came before this process: a resumed run has points already. */
  readonly points: readonly Point[];
}

/** How the process that trains has ended. */
export type RunEnd = 'finished' | 'interrupted' | 'failed';

/** Tells other software what a run records. It may fail at any time, which is no failure of the run. */
export interface Tracker {
  /** For messages: `TensorBoard`, `MLflow at http://...`. */
  readonly name: string;
  open(run: TrackedRun): Promise<void>;
  log(point: Point): void;
  close(end: RunEnd): Promise<void>;
}
