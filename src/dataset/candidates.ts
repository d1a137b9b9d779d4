import type { DatasetIndex, Side, SkippedFile } from './types.ts';

/** A file that should be an image of a class; its content was not read yet. */
export interface Candidate {
  /** Relative to the root with forward slashes, or absolute. */
  readonly path: string;
  readonly className: string;
  readonly side?: Side;
}

/** The classes and files of a layout, from names alone. */
export interface Candidates {
  readonly root: string;
  readonly layout: DatasetIndex['layout'];
  /** The class names from the folders or the CSV, also where a class has no image. */
  readonly classNames: readonly string[];
  readonly files: readonly Candidate[];
  readonly skipped: readonly SkippedFile[];
  /** All files that were found, for the error when none of them is an image. */
  readonly seen: readonly string[];
  /** Entries of a list whose names do not end like images. */
  readonly unread?: readonly Candidate[];
  /** How the data set was understood, as sentences. */
  readonly notes?: readonly string[];
}

const SIDES: Readonly<Record<string, Side>> = {
  train: 'train',
  training: 'train',
  trainset: 'train',
  trn: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  valset: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
  testset: 'test',
  tst: 'test',
  eval: 'test',
  evaluation: 'test',
  holdout: 'test',
};

/** Words beside it that change nothing: `training_set`, `seg_train`, `images-val`, `train2017`. */
const FILLERS = new Set(
  'set data dataset images image imgs img pictures photos seg split folder files cls'.split(' '),
);

/** A folder whose images are of one class. */
export interface ClassFolder {
  /** Relative to the root. */
  readonly path: string;
  readonly className: string;
  readonly side?: Side;
}

/** The subset that a word of a folder or a CSV stands for, in any case. */
export function sideOf(word: string): Side | undefined {
  const parts = word
    .trim()
    .toLowerCase()
    .split(/[\s_.-]+/)
    .map((part) => part.replace(/(?<=[a-z])(19|20)\d\d$/, ''))
    .filter((part) => !FILLERS.has(part) && !/^(19|20)\d\d$/.test(part));
  const [name = ''] = parts;
  return parts.length === 1 && Object.hasOwn(SIDES, name) ? SIDES[name] : undefined;
}
