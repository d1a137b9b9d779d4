import type { DatasetIndex, Side, SkippedFile } from './types.ts';

/** A file that should be an image of a class, before anyone has looked into it. */
export interface Candidate {
  /** Relative to the root with forward slashes, or absolute. */
  readonly path: string;
  readonly className: string;
  readonly side?: Side;
}

/** What a layout says, from names alone. */
export interface Candidates {
  readonly root: string;
  readonly layout: DatasetIndex['layout'];
  /** Of the folders or the CSV, even where no image is found in them. */
  readonly classNames: readonly string[];
  readonly files: readonly Candidate[];
  readonly skipped: readonly SkippedFile[];
  /** All files that were seen, for a message if none of them is an image. */
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

/** The side that a folder's or a CSV's word means, whatever its case. */
export function sideOf(word: string): Side | undefined {
  const name = word.trim().toLowerCase();
  return Object.hasOwn(SIDES, name) ? SIDES[name] : undefined;
}
