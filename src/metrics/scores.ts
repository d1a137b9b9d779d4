/** The scores of a network on a set of images, and the true classes. */
export interface Scored {
  /** [images, classes], row-major: probabilities, or anything that grows with them. */
  readonly scores: Float32Array;
  readonly classes: number;
  /** The true class of each image. */
  readonly labels: ArrayLike<number>;
}

/** The class with the highest score in a row; the lowest index on a tie, -1 if all are NaN. */
export function predictedClass({ scores, classes }: Scored, row: number): number {
  let best = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    const score = scores[row * classes + c] ?? Number.NaN;
    if (score > highest || (best === -1 && score === highest)) {
      best = c;
      highest = score;
    }
  }
  return best;
}

/** @throws RangeError if scores and labels do not fit together */
export function checkScored({ scores, classes, labels }: Scored): void {
  if (scores.length !== classes * labels.length) {
    throw new RangeError(
      `${labels.length} labels of ${classes} classes need ${classes * labels.length} scores, not ${scores.length}`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? -1;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`label ${label} of image ${i} is not one of ${classes} classes`);
    }
  }
}
