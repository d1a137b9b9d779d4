import type { StrategyName } from '../config/schema.ts';
import type { Advice } from './advise.ts';
import { levelOf } from './confidence.ts';

/** A strategy that the settings do not allow, and why. */
export interface NotAllowed {
  readonly strategy: StrategyName;
  readonly reason: string;
}

/** The outcome of training with one strategy. */
export type RaceResult =
  | {
      readonly strategy: StrategyName;
      readonly epochs: number;
      readonly metrics: Readonly<Record<string, number>>;
      readonly images: number;
      readonly seconds: number;
    }
  | NotAllowed;

interface Finisher {
  readonly strategy: StrategyName;
  readonly accuracy: number;
  readonly images: number;
}

/**
 * The number of validation images below which a race overrules nothing: the usual minimum for estimating a
 * share.
 */
export const LEAST_IMAGES = 30;

/**
 * The advice once all four strategies have been tried: the one that leads. Size and similarity are rules of
 * thumb, whereas a race measures the thing itself; the rules decide where two strategies are about equally
 * good, or where there are too few images to compare them. Between two strategies that start from pretrained
 * weights, even a lead that could be due to chance is followed: if it is, both are about equally good and
 * little is lost. Giving up pretrained weights, or adopting them, against the measured evidence can lose
 * much, so that such a lead has to exceed its standard error.
 * @param results the best first
 */
export function afterRace(advice: Advice, results: readonly RaceResult[]): Advice {
  const finishers = results.flatMap(finisherOf);
  const [first] = finishers;
  if (first === undefined) return told(advice, 'there are no validation images to compare on');
  const own = finishers.find(({ strategy }) => strategy === advice.strategy);
  const favourite = `${advice.strategy}, which size and similarity speak for,`;
  if (own === undefined) {
    return told(advice, `${first.strategy} leads on ${counted(first)}; ${favourite} was not in it`);
  }
  const best = finishers.find((finisher) => mayOverrule(finisher, own)) ?? own;
  const chance =
    best === first || first.accuracy <= own.accuracy
      ? ''
      : `${first.strategy} leads with ${percent(first.accuracy)}, which chance alone could make; `;
  if (best.accuracy <= own.accuracy) {
    const place = chance === '' ? 'leads with' : 'is right on';
    return told(
      advice,
      `${chance}${favourite} ${place} ${percent(own.accuracy)} of ${counted(own)}`,
    );
  }
  const { lead, error } = leadOver(best, own);
  const ahead = `${chance}${best.strategy} is right on ${percent(best.accuracy)} of ${counted(best)}, ${favourite} on ${percent(own.accuracy)}: ${points(lead)} points ahead, with a standard error of ${points(error)}`;
  if (best.images < LEAST_IMAGES) {
    return told(advice, `${ahead}; fewer than ${LEAST_IMAGES} images overrule nothing`);
  }
  return told(overruled(advice, best, lead / error), ahead);
}

function mayOverrule(finisher: Finisher, own: Finisher): boolean {
  const isOtherStart = (finisher.strategy === 'scratch') !== (own.strategy === 'scratch');
  const { lead, error } = leadOver(finisher, own);
  return !isOtherStart || lead > error;
}

function leadOver(a: Finisher, b: Finisher) {
  return {
    lead: a.accuracy - b.accuracy,
    error: Math.hypot(standardError(a), standardError(b)),
  };
}

function finisherOf(result: RaceResult): Finisher[] {
  if (!('metrics' in result)) return [];
  const { strategy, images, metrics } = result;
  return metrics.accuracy === undefined ? [] : [{ strategy, images, accuracy: metrics.accuracy }];
}

/** The layers that are frozen where no depth was found to be a better boundary. */
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
    strategy,
    runnerUp: advice.strategy,
    freeze: null,
    boundary: BOUNDARY[strategy],
    confidence: levelOf(Math.min(0.99, normalShare(errors))),
  };
}

/** The advice with the result of the race added to its evidence. */
const told = (advice: Advice, says: string): Advice => ({
  ...advice,
  evidence: [...advice.evidence, `race: ${says}`],
});

/** The standard error of a share of images; Wilson's term keeps it above zero at 0 % and 100 %. */
const standardError = ({ accuracy: p, images }: Finisher) =>
  Math.sqrt((p * (1 - p) + 1 / (4 * images)) / images);

/** The approximate share of a normal distribution below that many deviations above its mean (within 0.01). */
const normalShare = (deviations: number) => 1 / (1 + Math.exp(-1.702 * deviations));

const points = (share: number) => (100 * share).toFixed(1);
const percent = (share: number) => `${points(share)} %`;
const counted = ({ images }: Finisher) =>
  `${images} validation ${images === 1 ? 'image' : 'images'}`;

/** The multiply-adds that a race spends on each strategy: those of 25,000 images through vgg-nano. */
const RACE_MACS = 3.7e12;
const LEAST_EPOCHS = 3;

/** The cost of training a network, or the part of it that is trained. */
export interface RaceCost {
  /** Multiply-adds of a forward pass of an image. */
  readonly macs: number;
  /** Images to train on. */
  readonly images: number;
}

/**
 * The number of epochs of a race, from their cost in multiply-adds, so that it does not depend on the
 * machine: as many as in a full run where that is affordable. Fewer epochs favour strategies that learn fast
 * over those that end higher.
 * @param own epochs of a run of its own
 */
export function raceEpochs({ macs, images }: RaceCost, own: number): number {
  // Forward, and the gradients of inputs and weights: three times the work of a forward pass.
  const affordable = Math.round(RACE_MACS / (3 * macs * Math.max(1, images)));
  return Math.max(LEAST_EPOCHS, Math.min(own, affordable));
}
