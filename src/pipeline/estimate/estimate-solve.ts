import { sizeOf } from '../../base/tensor.ts';
import { cachedViews } from '../../dataset/pixel-specs.ts';
import type { TrainPlan } from '../../training/train-plan.ts';
import type { EstimateFacts } from './estimate-phase.ts';
import type { PrefixCost } from './measure-program.ts';

export interface SolveFacts extends EstimateFacts {
  readonly plan: TrainPlan;
  readonly refit: boolean;
  /**
   * The cost of the layers below the features; below the freeze boundary where training reads activations of
   * it.
   */
  readonly prefix: PrefixCost;
}

/**
 * Estimates solving the output layer, in addition to the phases: the features that they do not read, and the
 * fits.
 */
export function solveEstimate(facts: SolveFacts) {
  const { config, network, plan, counts, decode, decodeChanged, prefix } = facts;
  const all = counts.train + counts.val;
  const views = cachedViews(config);
  const shares = plan.phases.length > 0 && plan.from > 0;
  const plain = shares ? (views > 0 ? counts.train : 0) : all;
  const changed = shares ? 0 : views * (facts.refit ? all : counts.train);
  const width = sizeOf(network.shapes[(plan.solvedFrom ?? 1) - 1] ?? [1]);
  const fits = facts.refit && plan.phases.length > 0 ? 2 : 1;
  const featureSeconds =
    plain * (prefix.secondsPerImage + decode.first) +
    changed * (prefix.secondsPerImage + decodeChanged.first);
  const numbers = (1 + views) * all * width;
  const solving = fits * EVALUATIONS * (CALL_SECONDS + (numbers * network.classes) / PER_SECOND);
  return {
    featureSeconds,
    seconds: prefix.compileSeconds + featureSeconds + solving,
    memory: prefix.memory + 3 * 4 * numbers,
    cache: config.cache ? 4 * (plain + changed) * width : 0,
  };
}

/** The number of evaluations of loss and gradient in all fits of a cross-validation: some 1,000 to 2,000. */
const EVALUATIONS = 1500;
/** The fixed cost of a call. */
const CALL_SECONDS = 2e-4;
/** The throughput of loss and gradient: features times classes per second on two cores. */
const PER_SECOND = 5e9;
