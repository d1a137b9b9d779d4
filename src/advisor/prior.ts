import type { StrategyName } from '../config/schema.ts';
import type { Expectation } from './belief.ts';
import { BY_COST } from './by-cost.ts';
import type { Similarity } from './similarity.ts';
import type { SizeEvidence } from './size.ts';

/** What is known before anything is trained. */
export interface PriorFacts {
  readonly size: SizeEvidence;
  readonly similarity: Similarity;
  /** Trained numbers of the backbone. */
  readonly parameters: number;
  /** The strategy that the two questions of size and similarity name. */
  readonly named: StrategyName;
}

/** How much more accurate than `head` a strategy is expected to be, as a share: linear in what is known. */
interface Terms {
  readonly base: number;
  /** For each tenfold of 100 images to train on. */
  readonly images: number;
  /** For the share of a random network's errors that the pretrained one avoids. */
  readonly gain: number;
  /** What is left to chance. */
  readonly deviation: number;
}

const HEAD: Terms = { base: 0, images: 0, gain: 0, deviation: 0 };

/**
 * By the size of the network. What strategies reach over `head` was measured on fourteen sets of 57 to 425 images to
 * train on (`node bench/choice.js --prior`): `vgg-nano` stands for small networks and the published VGG16 for large
 * ones, on which `top` and `all` go back to the head where they do not clearly improve on it. That random weights
 * need many images, and a large network the more, is from published work (Kornblith et al. 2019); it was not measured
 * for VGG16. The slopes by images are small since few of the sets are large. What random weights reach is the least
 * certain: between 35 points behind and 2 ahead, so that a trial has to be able to say so.
 */
const TERMS: Readonly<Record<'small' | 'large', Readonly<Record<StrategyName, Terms>>>> = {
  small: {
    head: HEAD,
    top: { base: 0, images: 0.01, gain: 0, deviation: 0.02 },
    all: { base: 0.02, images: 0.01, gain: 0, deviation: 0.035 },
    scratch: { base: -0.12, images: 0.1, gain: -0.1, deviation: 0.1 },
  },
  large: {
    head: HEAD,
    top: { base: -0.003, images: 0.01, gain: 0, deviation: 0.012 },
    all: { base: 0, images: 0.02, gain: 0, deviation: 0.015 },
    scratch: { base: -0.4, images: 0.15, gain: -0.2, deviation: 0.12 },
  },
};

/** Trained numbers of the backbone from which a network counts as large. */
const LARGE = 5e6;
/** Points for the strategy that size and similarity name. */
const NAMED = 0.005;

/** Where it could not be measured: what it is on usual pictures. */
const USUAL_GAIN = 0.2;

/** What each strategy is expected to reach beside the others, before any is tried. */
export function expectations(facts: PriorFacts): Expectation[] {
  const images = Math.log10(Math.max(1, facts.size.images) / 100);
  const gain = gainOf(facts.similarity);
  const table = TERMS[facts.parameters < LARGE ? 'small' : 'large'];
  return BY_COST.map((strategy) => {
    const terms = table[strategy];
    const named = facts.named === strategy ? NAMED : 0;
    const mean = terms.base + terms.images * images + terms.gain * gain + named;
    return { strategy, mean, deviation: terms.deviation };
  });
}

/** Few errors of a random network make a share of them mean little: it is kept within -1 and 1. */
function gainOf(similarity: Similarity): number {
  const measured = similarity.state === 'measured' ? similarity.gain : null;
  return Math.max(-1, Math.min(1, measured ?? USUAL_GAIN));
}
