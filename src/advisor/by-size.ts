import type { StrategyName } from '../config/schema.ts';

export interface SizeFacts {
  /** Images to train on. */
  readonly images: number;
  readonly classes: number;
  /** Whether the network starts from pretrained weights. */
  readonly pretrained: boolean;
}

export interface Advice {
  readonly strategy: StrategyName;
  /** Why, a sentence each. */
  readonly evidence: readonly string[];
}

/** A common handbook's border between small and large data. */
const LARGE_PER_CLASS = 1000;
/** BiT's (Kolesnikov et al. 2020). */
const LARGE_IN_ALL = 20_000;

/**
 * Chooses by the number of images alone. How close they are to what the network was pretrained on
 * is not measured here, and the evidence says so: it assumes that they are.
 */
export function adviseBySize({ images, classes, pretrained }: SizeFacts): Advice {
  const perClass = images / classes;
  const count = `${images} training images, ${Math.round(perClass)} a class`;
  if (!pretrained) {
    return {
      strategy: 'scratch',
      evidence: [`the network starts from random weights: there is nothing to keep`, count],
    };
  }
  const large = images >= LARGE_IN_ALL || perClass >= LARGE_PER_CLASS;
  const border = `${LARGE_PER_CLASS} a class or ${LARGE_IN_ALL} in all`;
  return {
    strategy: large ? 'all' : 'head',
    evidence: [
      `${count}: ${large ? 'large' : 'small'} data (the border is ${border})`,
      'chosen by size only: how similar the images are to the pretraining data was not measured; if they are very different, try --strategy top',
    ],
  };
}
