import { createRng, type Rng } from '../base/rng.ts';

/** The images that each classifier names correctly, and the thresholds by which it is judged. */
export interface Judgeable {
  /** For each classifier, whether it names each image correctly: [classifiers][images]. */
  readonly hits: readonly (readonly boolean[])[];
  readonly thresholds: { readonly similar: number; readonly gain: number; readonly margin: number };
}

/** Accuracies of the classifiers, in the same order. */
export interface Drawn {
  readonly probes: readonly number[];
  readonly thresholds: Judgeable['thresholds'];
}

const ROUNDS = 1000;
/**
 * The thresholds are conventions: these are the standard deviations by which others might set them
 * differently.
 */
const SPREAD = { similar: 0.1, gain: 0.05, margin: 0.01 };

/**
 * The share of 1,000 resamples of the images that lead to the same verdict. This is a bootstrap over images,
 * with the same resample for all classifiers, in which the thresholds vary as well. It is at most 0.99, since
 * a sample cannot say more.
 * @param sameVerdict whether a resample leads to the verdict in question
 */
export function stability(facts: Judgeable, sameVerdict: (drawn: Drawn) => boolean): number {
  const patterns = patternsOf(facts.hits);
  const rng = createRng('advise-stability', patterns.length);
  let same = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const probes = resample(patterns, facts.hits.length, rng);
    const { similar, gain, margin } = facts.thresholds;
    const thresholds = {
      similar: similar + SPREAD.similar * rng.normal(),
      margin: margin + SPREAD.margin * rng.normal(),
      gain: gain + SPREAD.gain * rng.normal(),
    };
    if (sameVerdict({ probes, thresholds })) same++;
  }
  return Math.min(0.99, same / ROUNDS);
}

/** [images] One bit per classifier: whether it names the image correctly. */
function patternsOf(hits: Judgeable['hits']): Uint8Array {
  const images = hits[0]?.length ?? 0;
  return Uint8Array.from({ length: images }, (_, image) =>
    hits.reduce((bits, depth, at) => (depth[image] === true ? bits | (1 << at) : bits), 0),
  );
}

function resample(patterns: Uint8Array, depths: number, rng: Rng): number[] {
  const images = patterns.length;
  const counts = new Uint32Array(2 ** depths);
  for (let i = 0; i < images; i++) {
    const pattern = patterns[rng.integer(images)] ?? 0;
    counts[pattern] = (counts[pattern] ?? 0) + 1;
  }
  return Array.from({ length: depths }, (_, depth) => {
    let right = 0;
    counts.forEach((count, pattern) => {
      if ((pattern >> depth) & 1) right += count;
    });
    return right / Math.max(1, images);
  });
}
