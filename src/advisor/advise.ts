import type { StrategyName } from '../config/schema.ts';
import { type Confidence, levelOf } from './confidence.ts';
import type { Similarity } from './similarity.ts';
import type { SizeEvidence } from './size.ts';
import type { Verdict } from './verdict.ts';

/** The strategy that fits. */
export interface Advice {
  readonly strategy: StrategyName;
  readonly runnerUp: StrategyName;
  /** The last frozen layer, for the setting `freeze`; null: the strategy's own. */
  readonly freeze: string | null;
  /** Why the boundary is there. */
  readonly boundary: string;
  /** How probable it is that no strategy is more than two points better. */
  readonly confidence: Confidence;
  /**
   * By how much it is better than the runner-up, as a share, and the limits within which that is 19 times of 20;
   * absent where there was nothing to choose between.
   */
  readonly difference?: Verdict['difference'];
  /** The reasons, one sentence each. */
  readonly evidence: readonly string[];
}

/** The four strategies by the two questions. */
const CHOICE = {
  small: { similar: 'head', different: 'top' },
  large: { similar: 'all', different: 'scratch' },
} as const;

/** What size and similarity name, before anything is tried. */
export function namedBy(size: SizeEvidence, similarity: Similarity): StrategyName {
  if (similarity.state === 'unmeasured') return CHOICE[size.verdict].similar;
  // Layers that do worse than untrained ones are in the way, however few the images.
  if (similarity.verdict === 'different' && !similarity.worthKeeping) return 'scratch';
  return CHOICE[size.verdict][similarity.verdict];
}

export type Boundary = Pick<Advice, 'freeze' | 'boundary'>;

/** Says up to where a strategy freezes the network, by the depth that separates the classes best. */
export function boundaryOf(strategy: StrategyName, similarity: Similarity): Boundary {
  const last = similarity.depths.at(-1)?.name ?? '';
  const best = similarity.state === 'measured' ? similarity.best : last;
  if (strategy === 'all' || strategy === 'scratch') {
    return { freeze: null, boundary: 'nothing is frozen' };
  }
  if (strategy === 'head') {
    return { freeze: null, boundary: 'everything below the new output layer is frozen' };
  }
  // Frozen up to the last depth, nothing but the head would be trained: that is another strategy.
  if (best === last || !/^pool\d$/.test(best)) {
    return { freeze: null, boundary: 'all but the last block of convolutions is frozen' };
  }
  return {
    freeze: best,
    boundary: `frozen up to ${best}, the depth that separates the classes best`,
  };
}

/** What is advised where there are no pretrained weights: there is nothing to choose between. */
export function adviseScratch(size: SizeEvidence, reason: string): Advice {
  const small = size.verdict === 'small';
  return {
    strategy: 'scratch',
    runnerUp: 'all',
    freeze: null,
    boundary: 'nothing is frozen: there is nothing to keep',
    confidence: levelOf(0.99),
    evidence: [
      size.reason,
      reason,
      'frozen random layers learn nothing, so everything is trained from scratch whatever the size',
      ...(small ? ['small data from scratch: pretrained weights would most likely do better'] : []),
    ],
  };
}
