import { sizeOf } from '../../base/tensor.ts';
import type { RunConfig } from '../../config/schema.ts';
import { augments } from '../../dataset/pixel-specs.ts';
import { rowShape } from '../../engines/rows.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { TABLE_BYTES } from '../../training/feature-rows.ts';
import type { TrainPhase } from '../../training/train-plan.ts';
import { fittedImages } from '../run/norm-calibration.ts';
import { type DecodeCost, keptShare } from './measure-decoding.ts';
import type { PrefixCost, StepCost } from './measure-program.ts';

/** The facts that the cost of a phase and that of solving the output layer follow from. */
export interface EstimateFacts {
  readonly config: RunConfig;
  readonly network: NetworkSpec;
  readonly counts: { readonly train: number; readonly val: number };
  /** The cost of decoding a plain image. */
  readonly decode: DecodeCost;
  /** The cost of decoding an augmented view. */
  readonly decodeChanged: DecodeCost;
}

export interface PhaseFacts extends EstimateFacts {
  readonly phase: TrainPhase;
  readonly prefix: PrefixCost | undefined;
  readonly step: StepCost;
}

/** The cost of a phase, or of solving the output layer. */
export interface PartEstimate {
  /** All epochs: early stopping can only end sooner. */
  readonly seconds: number;
  /** The part of them in which the frozen layers run over the images. */
  readonly featureSeconds: number;
  readonly steps: number;
  readonly secondsPerStep: number;
  /** The peak, in bytes. */
  readonly memory: number;
  /** The feature cache on disk, in bytes. */
  readonly cache: number;
}

/** The memory of a table of features; a table above the limit stays on disk. */
const tableBytes = (bytes: number) => (bytes <= TABLE_BYTES ? bytes : 0);

/**
 * Estimates a refit: the phase again on all images, whose activations are cached by then. It is shorter where
 * fewer epochs were best.
 */
export function refitEstimate(
  facts: Omit<PhaseFacts, 'counts'>,
  { train, val }: PhaseFacts['counts'],
): PartEstimate {
  const whole = phaseEstimate({ ...facts, counts: { train: train + val, val: 0 } });
  const seconds = whole.seconds - whole.featureSeconds;
  return { ...whole, seconds, featureSeconds: 0, cache: 0 };
}

export function phaseEstimate(facts: PhaseFacts): PartEstimate {
  const { config, network, phase, counts, decode, prefix, step } = facts;
  const { fresh, ofTrain, kept, plain } = viewsOf(facts);
  const forward = prefix?.secondsPerImage ?? 0;
  const perTrain = forward + ofTrain.first;
  const perVal = forward + decode.first;
  const rows = prefix === undefined ? 0 : plain + kept;
  const rowSeconds = prefix === undefined ? 0 : plain * perVal + kept * perTrain;
  // Each epoch reads its pixels, from the files or the cache of decoded images; activations of new views, too.
  const readTrain = prefix === undefined || fresh ? counts.train : 0;
  const readVal = prefix === undefined ? counts.val : 0;
  const share = keptShare(readTrain + readVal, decode);
  const again = (cost: DecodeCost) => share * cost.again + (1 - share) * cost.first;
  const saved =
    readTrain * (ofTrain.first - again(ofTrain)) + readVal * (decode.first - again(decode));
  // The last batch has fewer images than the others.
  const epoch =
    (counts.train / config.batchSize) * step.secondsPerStep +
    counts.val * step.secondsPerValidation +
    (readTrain * perTrain + readVal * perVal - saved);
  const setup = step.compileSeconds + (prefix?.compileSeconds ?? 0);
  const rowBytes = phase.from === 0 ? 0 : 4 * sizeOf(rowShape(network, phase.from));
  // The tables of training and of validation are in use at the same time.
  const table =
    prefix === undefined ? 0 : tableBytes(counts.val * rowBytes) + tableBytes(kept * rowBytes);
  const programs = step.memory + (fresh ? (prefix?.memory ?? 0) : 0);
  return {
    featureSeconds: rowSeconds,
    seconds: setup + rowSeconds + phase.epochs * epoch + saved,
    steps: phase.epochs * Math.max(1, Math.ceil(counts.train / config.batchSize)),
    secondsPerStep: step.secondsPerStep,
    memory:
      Math.max(prefix?.memory ?? 0, programs) +
      table +
      share * (readTrain + readVal) * decode.keptBytes,
    cache: config.cache ? rows * (rowBytes + CACHE_ROW_OVERHEAD) : 0,
  };
}

/** The views of images that a phase reads, and how many of their activations are computed ahead. */
function viewsOf({ config, network, phase, counts, decode, decodeChanged, prefix }: PhaseFacts) {
  const changing = augments(config) && (phase.name === 'main' || prefix === undefined);
  const fresh = changing && config.augment.views === 0;
  return {
    fresh,
    ofTrain: changing ? decodeChanged : decode,
    // A view that no epoch reaches is computed all the same.
    kept: fresh ? 0 : (changing ? config.augment.views : 1) * counts.train,
    // Statistics are of plain images, which nothing else would need where views are augmented.
    plain: counts.val + (changing ? fittedImages(network, counts.train) : 0),
  };
}

/** The bytes of key, location and checksum of a cached row. */
const CACHE_ROW_OVERHEAD = 80;
