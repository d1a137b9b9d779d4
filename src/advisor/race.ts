import type { StrategyName } from '../config/schema.ts';
import type { Advice, RaceResult } from '../outputs/advice.ts';
import { levelOf } from './confidence.ts';

export interface RaceVerdict {
  /** The advice with what the race adds to it. */
  readonly advice: Advice;
  /** What the race says, in a sentence. */
  readonly says: string;
}

interface Finisher {
  readonly strategy: StrategyName;
  readonly accuracy: number;
  readonly images: number;
}

/**
 * What is advised once all four have been tried: what size and similarity say, unless another
 * strategy leads by more than the standard error of the difference. Those that chance alone could have
 * put in front cost little where the choice between them is wrong, so one error is enough.
 *
 * @param results the best first
 */
export function afterRace(advice: Advice, results: readonly RaceResult[]): RaceVerdict {
  const finishers = results.flatMap(finisherOf);
  const [first] = finishers;
  if (first === undefined) return { advice, says: 'there are no validation images to compare on' };
  const own = finishers.find(({ strategy }) => strategy === advice.strategy);
  if (own === undefined) {
    const says = `${first.strategy} leads on ${counted(first)}; ${advice.strategy}, which size and similarity speak for, was not in the race`;
    return { advice: withEvidence(advice, says), says };
  }
  if (first.accuracy <= own.accuracy) {
    const says = `${own.strategy}, which size and similarity speak for, leads with ${percent(own.accuracy)} of ${counted(own)}`;
    return { advice: withEvidence(advice, says), says };
  }
  const lead = first.accuracy - own.accuracy;
  const error = Math.hypot(standardError(first), standardError(own));
  const ahead = `${first.strategy} is right on ${percent(first.accuracy)} of ${counted(first)}, ${own.strategy}, which size and similarity speak for, on ${percent(own.accuracy)}: ${points(lead)} points ahead, with a standard error of ${points(error)}`;
  if (lead <= error) {
    const says = `${ahead}, which chance alone could make`;
    return { advice: withEvidence(advice, says), says };
  }
  return { advice: withEvidence(overruled(advice, first, lead / error), ahead), says: ahead };
}

function finisherOf(result: RaceResult): Finisher[] {
  if (!('metrics' in result)) return [];
  const { strategy, images, metrics } = result;
  return metrics.accuracy === undefined ? [] : [{ strategy, images, accuracy: metrics.accuracy }];
}

/** What is frozen where no depth has been found to be the better border. */
const BOUNDARY: Record<StrategyName, string> = {
  head: 'everything below the new output layer is frozen',
  top: 'all but the last block of convolutions is frozen',
  all: 'nothing is frozen',
  scratch: 'nothing is frozen',
};

/** @param errors the lead in standard errors */
function overruled(advice: Advice, { strategy }: Finisher, errors: number): Advice {
  return {
    ...advice,
    ...{ strategy, runnerUp: advice.strategy, freeze: null, boundary: BOUNDARY[strategy] },
    confidence: levelOf(Math.min(0.99, normalShare(errors))),
  };
}

const withEvidence = (advice: Advice, says: string): Advice => ({
  ...advice,
  evidence: [...advice.evidence, `race: ${says}`],
});

/** Of a share of images; Wilson's term keeps that of 0 % and 100 % from being none. */
const standardError = ({ accuracy: p, images }: Finisher) =>
  Math.sqrt((p * (1 - p) + 1 / (4 * images)) / images);

/** About the share of a normal distribution below some deviations above its mean (within 0.01). */
const normalShare = (deviations: number) => 1 / (1 + Math.exp(-1.702 * deviations));

const points = (share: number) => (100 * share).toFixed(1);
const percent = (share: number) => `${points(share)} %`;
const counted = ({ images }: Finisher) =>
  `${images} validation ${images === 1 ? 'image' : 'images'}`;
