import { dataError, interruptedError } from '../../base/errors.ts';
import { evenSample } from '../../base/even-sample.ts';
import { type NamedTensors, sizeOf } from '../../base/tensor.ts';
import { groupNamer, type NearDuplicateGroups } from '../../dataset/near-duplicate-groups.ts';
import { cachedViews } from '../../dataset/pixel-specs.ts';
import type { ImageEntry } from '../../dataset/types.ts';
import type { Engine } from '../../engines/engine.ts';
import { softmaxRows } from '../../metrics/metric-values.ts';
import type { Scored } from '../../metrics/scores.ts';
import { HEAD_NORM, OUTPUT } from '../../network/head.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { type FittedHead, fitHead } from '../../solver/fit-head.ts';
import { balancedWeights } from '../../training/targets.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import { featureLevels, gatherFeatures } from './head-features.ts';

export interface SolvedHead {
  /** The output layer, and the statistics of the head's norm where it has one. */
  readonly weights: NamedTensors;
  readonly penalty: number;
  /** The factor of half the squared norm of the output layer's kernel in the loss. */
  readonly absolutePenalty: number;
  /** The number of images that it was fitted to. */
  readonly images: number;
  /** 0 where too few images left nothing to hold out. */
  readonly folds: number;
  /** The images, and the probabilities of each from the fits that did not see it; absent without folds. */
  readonly heldOut?: Scored & { readonly images: readonly ImageEntry[] };
}

export interface SolveRequest {
  readonly images: readonly ImageEntry[];
  /** Near-duplicates, which no fold may divide. */
  readonly groups: NearDuplicateGroups;
  /** The freeze boundary of training and that of the head's features. */
  readonly boundaries: { readonly frozen: number; readonly features: number };
}

/**
 * The largest number of feature values that a fit holds in memory: 1 GiB, and as much again while they are
 * prepared.
 */
const MOST_NUMBERS = 2 ** 28;

/**
 * Solves the output layer on the features of some images: multinomial logistic regression, its penalty and
 * the levels that it reads chosen by cross-validation. There is no rate and no number of epochs; the same
 * images give the same answer.
 *
 * @throws VggtuneError (data) when features are no numbers, (interrupted) on the signal
 */
export async function solveHead(
  setting: SampleSetting,
  { images, groups, boundaries }: SolveRequest,
): Promise<SolvedHead> {
  const { network, config, signal, emit } = setting;
  const width = featureWidth(setting, boundaries);
  const some = affordable(setting, images, width);
  const gathered = await gatherFeatures(setting, { ...some, boundaries });
  expectNumbers(gathered.features);
  const labels = gathered.samples.map(({ label }) => label);
  const fitted = await fitHead({
    engine: interruptible(setting.engine, signal),
    features: gathered.features,
    labels,
    groups: gathered.samples.map(groupNamer(groups)),
    images: gathered.images,
    classes: network.classes,
    levels: featureLevels(network, width),
    ...(config.classWeights === 'balanced' && {
      classWeights: balancedWeights(labels.slice(0, gathered.images), network.classes),
    }),
    ...(config.head.penalty !== null && { penalty: config.head.penalty }),
    seed: config.seed,
    onFit: (done, total) => emit({ type: 'progress', task: 'solve', done, total, unit: 'fits' }),
  });
  const solved = {
    weights: headWeights(network, fitted),
    penalty: fitted.penalty,
    absolutePenalty: fitted.absolutePenalty,
    images: gathered.images,
    folds: fitted.folds,
    ...heldOutScores(fitted, {
      samples: gathered.samples.slice(0, gathered.images),
      classes: network.classes,
    }),
  };
  emit({ type: 'note', message: describe(solved, fitted) });
  return solved;
}

const featureWidth = ({ network }: SampleSetting, { features }: SolveRequest['boundaries']) =>
  sizeOf(network.shapes[features - 1] ?? []);

/** The images, and the augmented views of each, whose features fit into memory. */
function affordable(
  { config, emit }: SampleSetting,
  images: readonly ImageEntry[],
  width: number,
): { readonly images: readonly ImageEntry[]; readonly views: number } {
  const room = Math.floor(MOST_NUMBERS / width);
  const views = images.length * (1 + cachedViews(config)) <= room ? cachedViews(config) : 0;
  const some = evenSample(images, room);
  if (some.length < images.length) {
    const message = `the output layer is fitted to ${some.length} of ${images.length} images: features of more would take more than 1 GiB`;
    emit({ type: 'note', message });
  }
  return { images: some, views };
}

function expectNumbers(features: Float32Array): void {
  let total = 0;
  for (const value of features) total += value;
  if (Number.isFinite(total)) return;
  throw dataError('the frozen layers give features that are not finite numbers', {
    expected: 'finite numbers for every image',
    found: 'NaN or infinity',
    where: 'weights',
    fix: 'use other weights: these have values that are not finite, or are far too large',
  });
}

/** An engine whose linear programs end with an interrupt rather than a further evaluation. */
function interruptible(engine: Engine, signal: AbortSignal): Pick<Engine, 'compileLinear'> {
  return {
    compileLinear: async (request) => {
      const program = await engine.compileLinear(request);
      return {
        evaluate: (parameters, weights) => {
          if (signal.aborted) {
            throw interruptedError('interrupted while the output layer was solved', {
              fix: 'features are in the cache: go on with --resume',
            });
          }
          return program.evaluate(parameters, weights);
        },
        release: () => program.release(),
      };
    },
  };
}

/**
 * The fit as tensors of the network. With a norm in the head, the norm standardises; its scale takes back what
 * its epsilon adds to the variance. Without one the kernel and the bias do.
 */
function headWeights(network: NetworkSpec, { statistics, kernel, bias }: FittedHead): NamedTensors {
  const { mean, variance } = statistics;
  const width = mean.length;
  const { classes } = network;
  const vector = (values: ArrayLike<number>) => ({
    shape: [values.length],
    data: Float32Array.from(values),
  });
  const norm = network.layers.find(({ name }) => name === HEAD_NORM);
  if (norm?.kind === 'batchnorm') {
    const scale = variance.map((v) => (v > 0 ? Math.sqrt((v + norm.epsilon) / v) : 0));
    return new Map([
      [`${HEAD_NORM}.weight`, vector(scale)],
      [`${HEAD_NORM}.bias`, vector(new Float32Array(width))],
      [`${HEAD_NORM}.running_mean`, vector(mean)],
      [`${HEAD_NORM}.running_var`, vector(variance)],
      [`${OUTPUT}.weight`, { shape: [classes, width], data: kernel }],
      [`${OUTPUT}.bias`, vector(bias)],
    ]);
  }
  const factors = variance.map((v) => (v > 0 ? 1 / Math.sqrt(v) : 0));
  const folded = kernel.map((w, at) => w * (factors[at % width] as number));
  const shifted = bias.map((b, c) => {
    let shift = 0;
    for (let i = 0; i < width; i++)
      shift += (folded[c * width + i] as number) * (mean[i] as number);
    return b - shift;
  });
  return new Map([
    [`${OUTPUT}.weight`, { shape: [classes, width], data: folded }],
    [`${OUTPUT}.bias`, vector(shifted)],
  ]);
}

function heldOutScores(
  { heldOut }: FittedHead,
  { samples, classes }: { readonly samples: readonly ImageEntry[]; readonly classes: number },
): Pick<SolvedHead, 'heldOut'> {
  if (heldOut === undefined) return {};
  // A row of zeros is an image that was never held out: the only one of its class.
  const judged = [...samples.keys()].filter((i) =>
    heldOut.subarray(i * classes, (i + 1) * classes).some((value) => value !== 0),
  );
  const logs = new Float32Array(judged.length * classes);
  judged.forEach((i, row) => {
    logs.set(heldOut.subarray(i * classes, (i + 1) * classes), row * classes);
  });
  const images = judged.map((i) => samples[i] as ImageEntry);
  const labels = images.map(({ label }) => label);
  return { heldOut: { scores: softmaxRows(logs, classes), classes, labels, images } };
}

function describe(
  { images, folds, penalty }: SolvedHead,
  { levelsRead, kernel }: FittedHead,
): string {
  const isAll = levelsRead > 1;
  const reads = isAll ? `pool${6 - levelsRead} to pool5` : 'the last features';
  const chosen =
    folds > 0
      ? `chosen by ${folds}-fold cross-validation`
      : 'the usual one: too few images to choose by';
  return `output layer solved on ${images} images: ${kernel.length} numbers, reads ${reads}, penalty ${penalty.toPrecision(2)}, ${chosen}`;
}
