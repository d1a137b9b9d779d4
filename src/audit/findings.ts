import type { Side, SkippedFile } from '../dataset/types.ts';
import type { BackboneName } from '../network/catalog.ts';
import type { Look } from './looks.ts';

/** An image whose label is probably wrong. */
export interface LabelSuspect {
  readonly path: string;
  readonly label: string;
  /** The class that it probably is. */
  readonly likely: string;
  /** How probable it is that the label is wrong. */
  readonly wrong: number;
  /** The probability of the likely class, by fits that have not seen the image. */
  readonly probability: number;
}

/** An image that is like no other. */
export interface Outlier {
  readonly path: string;
  readonly label: string;
  /** How far out it is: a modified z-score; from 3.5 on it is out of place. */
  readonly score: number;
}

/** Images that show nearly the same, with what is odd about them. */
export interface Copies {
  readonly images: readonly {
    readonly path: string;
    readonly label: string;
    /** The side that the folder's layout names, if it does. */
    readonly side: Side | null;
  }[];
  /** Whether they have different labels: one at least is wrong. */
  readonly labelsDiffer: boolean;
  /** Whether they are on different sides: figures of the test are too good then. */
  readonly isLeak: boolean;
}

/** An image in which little can be seen. */
export interface OddLook {
  readonly path: string;
  readonly label: string;
  readonly look: Look;
  readonly width: number;
  readonly height: number;
}

/** What an audit finds, each list beginning with the worst. */
export interface AuditFindings {
  readonly suspects: readonly LabelSuspect[];
  readonly copies: readonly Copies[];
  readonly outliers: readonly Outlier[];
  readonly looks: readonly OddLook[];
  /** Pairs of classes that are told apart no better than by a coin. */
  readonly pairs: readonly {
    readonly classes: readonly [string, string];
    readonly images: number;
    readonly toldApart: number;
  }[];
  /** Files that cannot be used. */
  readonly broken: readonly SkippedFile[];
}

/** What `vggtune audit` has found, and where it was written. */
export interface AuditReport extends AuditFindings {
  readonly folder: string;
  readonly images: number;
  readonly classes: readonly string[];
  readonly backbone: BackboneName;
  /** Where the weights came from. */
  readonly weights: string;
  /** How labels were judged; null where too few images left nothing to judge by. */
  readonly labels: {
    /** How many are wrong in all, by expectation. */
    readonly wrong: number;
    /** The share of the images whose label is the most probable class. */
    readonly agreement: number;
    readonly folds: number;
    /** How many fits judged each image. */
    readonly fits: number;
  } | null;
  /** The files that were written. */
  readonly csv: string;
  readonly page: string;
}
