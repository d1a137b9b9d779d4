import { evenSample } from '../../base/even-sample.ts';
import type { NamedTensors } from '../../base/tensor.ts';
import type { NearDuplicateGroups } from '../../dataset/near-duplicate-groups.ts';
import { tensorOf } from '../../network/fold-batch-norm.ts';
import { OUTPUT } from '../../network/head.ts';
import { canRescale, rescaled } from '../../network/rescale.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { featureStatistics } from '../../solver/standardise.ts';
import { overlay } from '../../training/loop.ts';
import { featureBoundary, type TrainPlan } from '../../training/train-plan.ts';
import type { SampleSetting } from '../prepare/sample-setting.ts';
import { featureLevels, gatherFeatures } from './head-features.ts';
import { withFittedNorm } from './norm-calibration.ts';
import { type SolvedHead, solveHead } from './solve-head.ts';

export interface StartRequest {
  readonly setting: SampleSetting;
  readonly plan: TrainPlan;
  readonly groups: NearDuplicateGroups;
  /** Whether the weights below the head have been trained. */
  readonly pretrained: boolean;
  /** Whether the head has a norm that starts without statistics. */
  readonly newNorm: boolean;
  readonly refit: boolean;
}

/** The weights that training begins with, in the units that it works in. */
export interface TrainingStart {
  /** Every tensor of the network. */
  readonly weights: NamedTensors;
  /** The same with an output layer that was solved on the validation images too; absent without a refit. */
  readonly refitWeights?: NamedTensors;
  /** The output layer over the images to train on; absent where it takes steps. */
  readonly head?: SolvedHead;
  /** The same over the validation images too. */
  readonly refitHead?: SolvedHead;
  /** Activations are divided by it in training. */
  readonly scale: number;
}

/**
 * Solves the output layer where that is planned, fits the statistics of a norm elsewhere, and takes the scale
 * of the activations out of the weights, so that a learning rate means the same whatever their family.
 * All of it follows from the weights and the images: a resumed run finds the same.
 */
export async function prepareStart(request: StartRequest): Promise<TrainingStart> {
  const { setting, plan } = request;
  const { split } = setting;
  const solve = (images: typeof split.train) =>
    plan.solvedFrom === undefined
      ? undefined
      : solveHead(setting, {
          images,
          groups: request.groups,
          boundaries: { frozen: plan.from, features: plan.solvedFrom },
        });
  // A head that nothing follows is not needed twice.
  const headAlone = plan.phases.length === 0;
  const all = [...split.train, ...split.val];
  const refitHead = request.refit ? await solve(all) : undefined;
  const head = headAlone && request.refit ? refitHead : await solve(split.train);
  const fits = head === undefined && request.newNorm && request.pretrained;
  const { weights } = fits ? await withFittedNorm(setting) : setting;
  const scale = headAlone ? 1 : await scaleOf(request);
  const start = (own: SolvedHead | undefined) => {
    if (own === undefined) return scaled(setting.network, weights, scale);
    const whole = overlay(weights, own.weights);
    return scale === 1 ? whole : rescaled(setting.network, whole, scale);
  };
  return {
    weights: start(head),
    ...(request.refit && { refitWeights: start(refitHead) }),
    ...(head !== undefined && { head }),
    ...(refitHead !== undefined && { refitHead }),
    scale,
  };
}

/** Converts weights to the units of training; a random output layer was drawn for those already. */
function scaled(network: NetworkSpec, weights: NamedTensors, scale: number): NamedTensors {
  if (scale === 1) return weights;
  const output = `${OUTPUT}.weight`;
  return overlay(rescaled(network, weights, scale), new Map([[output, tensorOf(weights, output)]]));
}

/** Images that the scale is measured on: it is one number, which a few give within some per cent. */
const SCALE_IMAGES = 32;

/**
 * The deviation of the last features over some training images, or one where the network has none to
 * speak of: trained from random weights, or with batch norms, which keep their own.
 */
async function scaleOf({ setting, plan, pretrained }: StartRequest): Promise<number> {
  const { network, split } = setting;
  if (!pretrained || !canRescale(network)) return 1;
  const features = network.headStart + 1;
  const isPooled = ['gap', 'levels'].includes(network.layers[network.headStart]?.kind ?? '');
  const boundary = isPooled ? features : featureBoundary(network);
  const gathered = await gatherFeatures(setting, {
    // They are sorted by class: some of each.
    images: evenSample(split.train, SCALE_IMAGES),
    views: 0,
    boundaries: { frozen: plan.from, features: boundary },
  });
  const width = gathered.features.length / Math.max(1, gathered.images);
  if (!(width > 0)) return 1;
  const levels = featureLevels(network, width);
  const { variance } = featureStatistics(gathered.features, { count: gathered.images, levels });
  const deviation = Math.sqrt(variance.at(-1) ?? 1);
  return Number.isFinite(deviation) && deviation > 0 ? deviation : 1;
}
