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
}

const SIDES: Readonly<Record<string, Side>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
};

/** The subset that a word of a folder or a CSV stands for, in any case. */
export function sideOf(word: string): Side | undefined {
  const name = word.trim().toLowerCase();
  return Object.hasOwn(SIDES, name) ? SIDES[name] : undefined;
}
