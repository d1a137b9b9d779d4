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

/** How much more accurate than `head` a strategy is expected to be: linear in what is known. */
interface Terms {
  readonly base: number;
  /** For each tenfold of 100 images to train on. */
  readonly images: number;
  /** For the share of a random network's errors that the pretrained one avoids. */
  readonly gain: number;
  /** For each tenfold of a million parameters. */
  readonly parameters: number;
  /** Where size and similarity name the strategy. */
  readonly named: number;
  /** Of what is left to chance. */
  readonly deviation: number;
}

const TERMS: Readonly<Record<StrategyName, Terms>> = {
  head: { base: 0, images: 0, gain: 0, parameters: 0, named: 0, deviation: 0 },
  top: { base: 0, images: 0.02, gain: 0, parameters: 0, named: 0.01, deviation: 0.03 },
  all: { base: 0.035, images: 0.04, gain: -0.03, parameters: -0.02, named: 0.01, deviation: 0.05 },
  scratch: {
    base: -0.1,
    images: 0.15,
    gain: -0.2,
    parameters: -0.25,
    named: 0.05,
    deviation: 0.12,
  },
};

/** Where it could not be measured: what it is on usual pictures. */
const USUAL_GAIN = 0.2;
/** So much less is known then. */
const UNMEASURED = 3;

/** What each strategy is expected to reach beside the others, before any is tried. */
export function expectations(facts: PriorFacts): Expectation[] {
  const images = Math.log10(Math.max(1, facts.size.images) / 100);
  const parameters = Math.log10(facts.parameters / 1e6);
  const gain = gainOf(facts.similarity);
  const isMeasured = facts.similarity.state === 'measured';
  return BY_COST.map((strategy) => {
    const terms = TERMS[strategy];
    const mean =
      terms.base +
      terms.images * images +
      terms.gain * gain +
      terms.parameters * parameters +
      (facts.named === strategy ? terms.named : 0);
    return { strategy, mean, deviation: terms.deviation * (isMeasured ? 1 : UNMEASURED) };
  });
}

/** Few errors of a random network make a share of them mean little: it is kept within -1 and 1. */
function gainOf(similarity: Similarity): number {
  const measured = similarity.state === 'measured' ? similarity.gain : null;
  return Math.max(-1, Math.min(1, measured ?? USUAL_GAIN));
}
