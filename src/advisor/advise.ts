import type { StrategyName } from '../config/schema.ts';
import { type Confidence, levelOf } from './confidence.ts';
import type { MeasuredSimilarity, Similarity } from './similarity.ts';
import type { SizeEvidence } from './size.ts';

/** The strategy that fits. */
export interface Advice {
  readonly strategy: StrategyName;
  readonly runnerUp: StrategyName;
  /** The last frozen layer, for the setting `freeze`; null: the strategy's own. */
  readonly freeze: string | null;
  /** Why the boundary is there. */
  readonly boundary: string;
  readonly confidence: Confidence;
  /** The reasons, one sentence each. */
  readonly evidence: readonly string[];
}

export interface AdviceFacts {
  readonly size: SizeEvidence;
  readonly similarity: Similarity;
  /** Whether the network starts from pretrained weights. */
  readonly pretrained: boolean;
}

/** The four strategies by the two questions. */
const CHOICE = {
  small: { similar: 'head', different: 'top' },
  large: { similar: 'all', different: 'scratch' },
} as const;

const OTHER = {
  small: 'large',
  large: 'small',
  similar: 'different',
  different: 'similar',
} as const;

/** Chooses a strategy from what was found out; says what could not be found out. */
export function advise(facts: AdviceFacts): Advice {
  if (!facts.pretrained) return withoutWeights(facts);
  if (facts.similarity.state === 'unmeasured') return bySize(facts, facts.similarity.reason);
  const { size, similarity } = facts;
  if (similarity.verdict === 'different' && !similarity.worthKeeping) {
    return nothingToKeep(size, similarity);
  }
  const strategy = CHOICE[size.verdict][similarity.verdict];
  const doubtSize = size.confidence < similarity.confidence;
  const runnerUp = doubtSize
    ? CHOICE[OTHER[size.verdict]][similarity.verdict]
    : CHOICE[size.verdict][OTHER[similarity.verdict]];
  return {
    strategy,
    runnerUp,
    ...boundaryOf(strategy, similarity),
    confidence: levelOf(Math.min(size.confidence, similarity.confidence)),
    evidence: [size.reason, similarity.reason],
  };
}

type Boundary = Pick<Advice, 'freeze' | 'boundary'>;

function boundaryOf(
  strategy: StrategyName,
  { best, depths }: Extract<Similarity, { state: 'measured' }>,
): Boundary {
  const last = depths.at(-1)?.name ?? '';
  if (strategy === 'all' || strategy === 'scratch') {
    return { freeze: null, boundary: 'nothing is frozen' };
  }
  if (strategy === 'head') {
    return {
      freeze: null,
      boundary: `everything below the new output layer is frozen (${last} separates well)`,
    };
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

function withoutWeights({ size }: AdviceFacts): Advice {
  const small = size.verdict === 'small';
  return {
    strategy: 'scratch',
    runnerUp: 'all',
    freeze: null,
    boundary: 'nothing is frozen: there is nothing to keep',
    confidence: levelOf(small ? 0.6 : size.confidence),
    evidence: [
      size.reason,
      'the network starts from random weights: similarity cannot be measured, and frozen random layers learn nothing, so everything is trained from scratch whatever the size',
      ...(small ? ['small data from scratch: pretrained weights would most likely do better'] : []),
    ],
  };
}

/**
 * `top` keeps the early layers because of what they have learned. Where random layers do better, the learned
 * ones are of no use, however few the images are.
 */
function nothingToKeep(size: SizeEvidence, similarity: MeasuredSimilarity): Advice {
  return {
    strategy: 'scratch',
    runnerUp: CHOICE[size.verdict].different === 'scratch' ? 'all' : 'top',
    freeze: null,
    boundary: 'nothing is frozen: there is nothing to keep',
    confidence: levelOf(similarity.confidence),
    evidence: [
      size.reason,
      similarity.reason,
      'random weights separate the classes clearly better than any depth of the pretrained network: what it has learned is of no use here',
    ],
  };
}

/** Chooses by size alone where similarity could not be measured, and takes similarity for given. */
function bySize({ size }: AdviceFacts, reason: string): Advice {
  const strategy = CHOICE[size.verdict].similar;
  return {
    strategy,
    runnerUp: CHOICE[size.verdict].different,
    freeze: null,
    boundary:
      strategy === 'head' ? 'everything below the new output layer is frozen' : 'nothing is frozen',
    confidence: levelOf(0.5),
    evidence: [
      size.reason,
      reason,
      'chosen by size alone, as if the images were similar to those of the pretraining: this is an assumption, not a measurement',
    ],
  };
}
