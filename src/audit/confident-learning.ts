import { predictedClass, type Scored } from '../metrics/scores.ts';

/** What confident learning finds in out-of-sample probabilities. */
export interface ConfidentLabels {
  /** [classes]: the mean probability of a class over the images with that label; 1 for a class without images. */
  readonly thresholds: Float64Array;
  /**
   * [classes, classes], given label by likely label: how many images of each label probably belong to each class,
   * scaled to the number of images of the label.
   */
  readonly joint: Float64Array;
  /** [images]: whether an image is confidently of another class, which is its most probable one, too. */
  readonly isSuspect: readonly boolean[];
}

/** A probability may be this much below its threshold by rounding alone: as in cleanlab. */
const ROUNDING = 1e-6;

/**
 * Confident learning (Northcutt, Jiang, Chuang 2021, arXiv 1911.00068): an image counts for a class when the
 * probability of that class is at least as high as it is on average where the label says so; of several such classes
 * the most probable one counts. So a class that is seen with little confidence everywhere has a low threshold.
 * @param scored probabilities of fits that have not seen the image
 */
export function confidentLabels(scored: Scored): ConfidentLabels {
  const { classes, labels } = scored;
  const thresholds = classThresholds(scored);
  const counts = new Float64Array(classes * classes);
  const isSuspect = Array.from(labels, (label, image) => {
    const likely = confidentClass(scored, { image, thresholds });
    if (likely === undefined) return false;
    counts[label * classes + likely] = (counts[label * classes + likely] ?? 0) + 1;
    return likely !== label && predictedClass(scored, image) !== label;
  });
  return { thresholds, joint: calibrated(counts, scored), isSuspect };
}

function classThresholds({ scores, classes, labels }: Scored): Float64Array {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  Array.from(labels).forEach((label, image) => {
    sums[label] = (sums[label] as number) + (scores[image * classes + label] as number);
    counts[label] = (counts[label] as number) + 1;
  });
  return sums.map((sum, label) => {
    const count = counts[label] as number;
    return count > 0 ? sum / count : 1;
  });
}

/** The most probable of the classes whose threshold is reached. */
function confidentClass(
  { scores, classes }: Scored,
  { image, thresholds }: { readonly image: number; readonly thresholds: Float64Array },
): number | undefined {
  let best: number | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    const score = scores[image * classes + c] as number;
    if (score >= (thresholds[c] as number) - ROUNDING && score > highest) {
      [best, highest] = [c, score];
    }
  }
  return best;
}

/** Rows scaled to the number of images with the label; a class that is never confident counts one image of itself. */
function calibrated(counts: Float64Array, { classes, labels }: Scored): Float64Array {
  const images = new Float64Array(classes);
  for (const label of Array.from(labels)) images[label] = (images[label] as number) + 1;
  const joint = new Float64Array(counts.length);
  for (let label = 0; label < classes; label++) {
    const row = counts.slice(label * classes, (label + 1) * classes);
    row[label] = Math.max(1, row[label] as number);
    const total = row.reduce((sum, count) => sum + count, 0);
    row.forEach((count, c) => {
      joint[label * classes + c] = (count / total) * (images[label] as number);
    });
  }
  return joint;
}

/** How many labels are probably wrong: the sum of the joint off its diagonal. */
export function wrongLabels({ joint }: ConfidentLabels, classes: number): number {
  let sum = 0;
  joint.forEach((count, at) => {
    if (Math.floor(at / classes) !== at % classes) sum += count;
  });
  return sum;
}
