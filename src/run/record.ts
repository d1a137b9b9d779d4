import type { RunConfig, StrategyName } from '../config/schema.ts';

/** plan.json */
export interface PlanRecord {
  readonly version: number;
  readonly strategy: StrategyName;
  /** The reasons for the strategy, one sentence each. */
  readonly evidence: readonly string[];
  /** Names of the frozen layers. */
  readonly frozen: readonly string[];
  readonly trained: readonly string[];
  readonly parameters: { readonly total: number; readonly trained: number };
  /** Where the starting weights came from: source, licence, hashes. */
  readonly provenance?: Readonly<Record<string, string>>;
  /** Present where the validation images are trained on too, after they were used for choosing. */
  readonly refit?: true;
  /** SHA-256 of the weights that the run began from and of how they want their images. */
  readonly startHash?: string;
}

/** The images that were measured. */
export type MeasuredSide = 'train' | 'val' | 'test' | 'cross-validation';

/** metrics.json */
export interface MetricsRecord {
  readonly version: number;
  readonly side: MeasuredSide;
  readonly images: number;
  /** Present where the metrics are of the model before it was trained on these images too. */
  readonly beforeRefit?: true;
  /** Figures by name; one that could not be measured is absent. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly perClass: readonly {
    readonly name: string;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    /** Images of the class. */
    readonly support: number;
  }[];
  /** [actual][predicted] */
  readonly confusion: readonly (readonly number[])[];
}

/** What the network said of one image that was measured: a row of predictions.csv. */
export interface ImagePrediction {
  /** Relative to the data set's root, as in split.json; bytes that are no UTF-8 as `\\xNN`. */
  readonly path: string;
  /** The true class. */
  readonly label: string;
  /** The most probable first; the first one is what counts as the answer. */
  readonly guesses: readonly { readonly label: string; readonly probability: number }[];
  /** The negative logarithm of the true class's probability (natural); null where it is no number. */
  readonly loss: number | null;
}

/** The format version of the files of a run folder; readers refuse versions that they do not know. */
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
  /** Groups of content hashes that show nearly the same image; absent where none were looked for. */
  readonly nearDuplicates?: readonly (readonly string[])[];
}

/** What a run folder records of its run. */
export interface RunRecord {
  readonly folder: string;
  readonly config: RunConfig;
  readonly split: SplitRecord;
  readonly plan: PlanRecord;
  readonly metrics: MetricsRecord | undefined;
}
