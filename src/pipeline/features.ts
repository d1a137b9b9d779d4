import { usageError } from '../base/errors.ts';
import { isInShard, type Shard } from '../base/shard.ts';
import type { RunConfig, StrategyName } from '../config/schema.ts';
import type { Settings } from '../config/settings.ts';
import { cachedViews } from '../dataset/pixel-specs.ts';
import type { ImageEntry } from '../dataset/types.ts';
import { planTraining } from '../training/train-plan.ts';
import { type LoadedData, loadData } from './prepare/data.ts';
import { withBackbone } from './prepare/default-backbone.ts';
import type { SampleSetting } from './prepare/sample-setting.ts';
import { augmentedRows, plainRows } from './prepare/samples.ts';
import { type Start, startingPoint, startSentence } from './prepare/start-weights.ts';
import { contextOf, engineOf, type WorkContext } from './prepare/work-context.ts';
import { isRefit } from './run/refit.ts';

export interface FeaturesRequest extends WorkContext {
  readonly settings: Settings;
  /** The share of the images whose activations are computed, by their content; without it all of them. */
  readonly shard?: Shard;
}

/** What is in the cache now. */
export interface FeaturesReport {
  readonly strategy: StrategyName;
  /** The last layer that is run; what follows it is trained. */
  readonly layer: string;
  /** Images of the share whose activations are there. */
  readonly images: number;
  /** Images of all shares. */
  readonly of: number;
  /** Augmented views of each training image beside the image as it is. */
  readonly views: number;
  /** Images of the share that could not be read. */
  readonly unreadable: number;
  /** The cache folder. */
  readonly folder: string;
}

/**
 * Runs the frozen layers over the images of a data set, and keeps their activations in the cache, where `train` with the
 * same settings finds them. Shares are disjoint: several processes fill one cache, each image once.
 *
 * @throws VggtuneError (usage) where a strategy is not named, or has no frozen layers
 */
export async function computeFeatures(request: FeaturesRequest): Promise<FeaturesReport> {
  const settings = await withBackbone(request.settings, request);
  const { strategy } = settings;
  if (strategy === 'auto' || strategy === 'scratch') throw noFrozenLayers(strategy);
  const config = settings.for(strategy);
  if (!config.cache) throw noCache();
  const data = await loadData(config, request);
  const engine = await engineOf(request, config);
  const start = await startingPoint(config, data.index.classes.length, request);
  request.emit({ type: 'note', message: startSentence(config.backbone, start) });
  const { split, index } = data;
  const { shard } = request;
  const { network, weights } = start;
  const { root } = index;
  const lock = shard && { cacheLock: `lock-${shard.index}-of-${shard.count}` };
  const setting = { ...contextOf(request), engine, network, weights, config, root, split, ...lock };
  const boundary = boundaryOf(config, strategy, start);
  const own = (images: readonly ImageEntry[]) =>
    images.filter(({ hash }) => shard === undefined || isInShard(hash, shard));
  const all = [...split.train, ...split.val, ...split.test];
  const readable = await compute(setting, {
    boundary,
    plain: own(all),
    augmented: own(augmentedImages(config, { strategy, data })),
  });
  return {
    strategy,
    layer: network.layers[boundary - 1]?.name ?? '',
    images: readable,
    of: all.length,
    views: cachedViews(config),
    unreadable: own(all).length - readable,
    folder: request.storage.folder,
  };
}

/** Validation images have views, too, where the output layer is solved on them. */
function augmentedImages(
  config: RunConfig,
  { strategy, data }: { readonly strategy: StrategyName; readonly data: LoadedData },
): readonly ImageEntry[] {
  const { index, split } = data;
  const isSolvedOnAll = isRefit({ config, strategy, index, split });
  return isSolvedOnAll ? [...split.train, ...split.val] : split.train;
}

/** The boundary at which a run of the strategy reads activations. */
function boundaryOf(config: RunConfig, strategy: StrategyName, start: Start): number {
  const { network, newLayers } = start;
  const { from, solvedFrom = from } = planTraining({ strategy, config, network, newLayers });
  const boundary = from > 0 && from < solvedFrom ? from : solvedFrom;
  if (boundary === 0) throw noFrozenLayers(strategy);
  return boundary;
}

/** @returns how many of the plain images could be read */
async function compute(
  setting: SampleSetting,
  of: {
    readonly boundary: number;
    readonly plain: readonly ImageEntry[];
    readonly augmented: readonly ImageEntry[];
  },
): Promise<number> {
  const { boundary: from, plain, augmented } = of;
  const rows = await plainRows(setting, plain, from);
  await rows.release();
  const views = cachedViews(setting.config);
  if (views > 0) await (await augmentedRows(setting, augmented, { from, views })).release();
  return rows.images.length;
}

function noFrozenLayers(strategy: StrategyName | 'auto'): Error {
  const isOpen = strategy === 'auto';
  return usageError(
    isOpen
      ? 'which layers are frozen depends on the strategy'
      : `strategy ${strategy} has no frozen layers`,
    {
      expected: 'a strategy whose frozen layers run once: head or top',
      found: strategy,
      where: '--strategy',
      fix: isOpen
        ? 'name it: --strategy head (vggtune advise says which fits)'
        : 'nothing has to be computed before it is trained',
    },
  );
}

function noCache(): Error {
  return usageError('activations would not be kept', {
    expected: 'a feature cache',
    found: 'none, by the settings',
    where: '--feature-cache',
    fix: 'leave --no-feature-cache out',
  });
}
