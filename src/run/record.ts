import type { RunConfig, StrategyName } from '../config/schema.ts';

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

/** plan.json */
export interface PlanRecord {
  readonly version: number;
  readonly strategy: StrategyName;
  readonly evidence: readonly string[];
  readonly frozen: readonly string[];
  readonly trained: readonly string[];
  readonly parameters: { readonly total: number; readonly trained: number };
  /** Where the starting weights came from: source, licence, hashes. */
  readonly provenance?: Readonly<Record<string, string>>;
}

/** metrics.json */
export interface MetricsRecord {
  readonly version: number;
  readonly side: 'train' | 'val' | 'test';
  readonly images: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly perClass: readonly {
    readonly name: string;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly support: number;
  }[];
  /** [actual][predicted] */
  readonly confusion: readonly (readonly number[])[];
}

export interface RunRecord {
  readonly folder: string;
  readonly config: RunConfig;
  readonly split: SplitRecord;
  readonly plan: PlanRecord;
  readonly metrics: MetricsRecord | undefined;
}
