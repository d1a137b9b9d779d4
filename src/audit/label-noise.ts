import type { Scored } from '../metrics/scores.ts';

/** How labels come about, by what maximises their likelihood. */
export interface LabelNoise {
  /** The share of the labels that are wrong. */
  readonly rate: number;
  /** Logarithms of the probabilities are multiplied by it: above 1, the fits are less sure than they may be. */
  readonly sharpness: number;
  /** [images]: how probable it is that the label is wrong. */
  readonly wrong: Float64Array;
}

/** The values between which the sharpness is looked for, on a grid of logarithms. */
const SHARPNESS = Array.from({ length: 21 }, (_, i) => 2 ** (-1 + i / 5));
/** Steps of expectation and maximisation for the rate. */
const STEPS = 60;
/** The share that is wrong before anything is known, and how many images that is worth. */
const PRIOR_RATE = 0.03;
const PRIOR_IMAGES = 20;

/**
 * A model of wrong labels: a share of them says any other class with the same probability, the others follow the
 * classifier, whose probabilities have a sharpness. Both are those that make the labels most likely. A classifier that was
 * fitted to wrong labels is less sure than it ought to be, and one that sees little in the images is wrong itself:
 * the two are told apart, since only a sure classifier that is wrong about a few images makes labels doubtful.
 * @param scored probabilities of fits that have not seen the image
 */
export function labelNoise(scored: Scored): LabelNoise {
  let best: (LabelNoise & { readonly likelihood: number }) | undefined;
  for (const sharpness of SHARPNESS) {
    const fitted = rateOf(sharpened(scored, sharpness), scored.classes);
    if (best === undefined || fitted.likelihood > best.likelihood) best = { ...fitted, sharpness };
  }
  if (best === undefined) throw new Error('no sharpness to choose from');
  const { rate, sharpness, wrong } = best;
  return { rate, sharpness, wrong };
}

/** [images]: the probability of the label once all logarithms are multiplied by the sharpness. */
function sharpened({ scores, classes, labels }: Scored, sharpness: number): Float64Array {
  return Float64Array.from(labels, (label, image) => {
    const row = scores.subarray(image * classes, (image + 1) * classes);
    const highest = row.reduce((a, b) => Math.max(a, b), 0);
    let total = 0;
    for (const p of row) total += (p / highest) ** sharpness;
    return ((row[label] as number) / highest) ** sharpness / total;
  });
}

/** The rate by expectation and maximisation. */
function rateOf(own: Float64Array, classes: number) {
  const others = Math.max(1, classes - 1);
  const prior = PRIOR_RATE * PRIOR_IMAGES;
  const wrong = new Float64Array(own.length);
  let rate = PRIOR_RATE;
  for (let step = 0; step < STEPS; step++) {
    let sum = 0;
    own.forEach((p, image) => {
      const mistaken = (rate * (1 - p)) / others;
      const share = mistaken / (mistaken + (1 - rate) * p + Number.MIN_VALUE);
      wrong[image] = share;
      sum += share;
    });
    rate = (sum + prior) / (own.length + PRIOR_IMAGES);
  }
  let likelihood = prior * Math.log(rate) + (PRIOR_IMAGES - prior) * Math.log(1 - rate);
  for (const p of own) {
    likelihood += Math.log((rate * (1 - p)) / others + (1 - rate) * p + Number.MIN_VALUE);
  }
  return { rate, wrong, likelihood };
}
