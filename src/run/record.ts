import type { RunConfig } from '../config/schema.ts';
import type { MetricsRecord, PlanRecord } from '../outputs/run.ts';

export type { MetricsRecord, PlanRecord };

/** Raised when a file of a run folder changes its form; readers refuse what they do not know. */
export const FORMAT_VERSION = 1;

export interface LabelledHash {
  readonly path: string;
  readonly hash: string;
  readonly label: number;
}

/** split.json */
export interface SplitRecord {
  readonly version: number;
  readonly classes: readonly string[];
  readonly train: readonly LabelledHash[];
  readonly val: readonly LabelledHash[];
  readonly test: readonly LabelledHash[];
}

export interface RunRecord {
  readonly folder: string;
  readonly config: RunConfig;
  readonly split: SplitRecord;
  readonly plan: PlanRecord;
  readonly metrics: MetricsRecord | undefined;
}
