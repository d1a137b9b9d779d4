import { dataError } from '../../base/errors.ts';
import type { RunConfig } from '../../config/schema.ts';
import { groupNamer, type NearDuplicateGroups } from '../../dataset/near-duplicate-groups.ts';
import type { DatasetIndex, ImageEntry } from '../../dataset/types.ts';
import type { HeadProblem } from '../../solver/head-problem.ts';
import { featureStatistics, standardised } from '../../solver/standardise.ts';
import { featureBoundary } from '../../training/train-plan.ts';
import { startingPoint } from '../prepare/start-weights.ts';
import { engineOf, type WorkContext } from '../prepare/work-context.ts';
import { featureLevels, gatherFeatures } from '../run/head-features.ts';

/** The frozen features of images, as a problem for the solver. */
export interface ImageFeatures {
  /** The images that could be decoded, in the order of the features. */
  readonly images: readonly ImageEntry[];
  readonly problem: HeadProblem;
  /** [images, width]: the features, each level with the deviation 1. */
  readonly rows: Float32Array;
  /** Where the weights came from. */
  readonly source: string;
}

/** The most images whose features are held at once: those of a network with 1,280 features take 1 GiB. */
const MOST_NUMBERS = 2 ** 28;

/**
 * Runs the frozen network over all images of a data set, or finds its features in the cache.
 * @throws VggtuneError (data) where there are too many images or features are no numbers, (unavailable) without weights
 */
export async function imageFeatures(
  config: RunConfig,
  { index, groups }: { readonly index: DatasetIndex; readonly groups: NearDuplicateGroups },
  context: WorkContext,
): Promise<ImageFeatures> {
  const { storage, signal, emit } = context;
  const engine = await engineOf(context, config);
  const { network, weights, source } = await startingPoint(config, index.classes.length, context);
  const split = { train: index.images, val: [], test: [] };
  const { root } = index;
  const setting = { engine, network, weights, config, root, split, storage, signal, emit };
  const boundary = featureBoundary(network);
  emit({ type: 'stage', stage: 'features', message: `features of ${config.backbone}` });
  const boundaries = { frozen: boundary, features: boundary };
  refuseTooMany(index, network.shapes[boundary - 1]?.reduce((a, b) => a * b, 1) ?? 1);
  const gathered = await gatherFeatures(setting, { images: index.images, views: 0, boundaries });
  const { features, samples: images } = gathered;
  const levels = featureLevels(network, features.length / Math.max(1, images.length));
  const statistics = featureStatistics(features, { count: images.length, levels });
  const labels = images.map(({ label }) => label);
  const problem = {
    engine,
    features,
    labels,
    levels,
    classes: index.classes.length,
    groups: images.map(groupNamer(groups)),
    images: images.length,
    seed: config.seed,
  };
  return { images, problem, source, rows: standardised(features, images.length, statistics) };
}

function refuseTooMany({ images, root }: DatasetIndex, width: number): void {
  const most = Math.floor(MOST_NUMBERS / width);
  if (images.length <= most) return;
  throw dataError(`${images.length} images are too many for one audit`, {
    expected: `at most ${most} images: the features of more would take more than 1 GiB`,
    found: `${images.length} images`,
    where: root,
    fix: 'look at some of the classes at a time, by a list of path,label',
  });
}
