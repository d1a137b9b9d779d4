import type { RunConfig, StrategyName } from '../../config/schema.ts';
import type { DatasetIndex, Split } from '../../dataset/types.ts';

/**
 * The number of images up to which a refit is worth it: beyond it, little is lost by holding images out, and
 * training twice takes long.
 */
const REFIT_MOST = 2000;

/** Whether the model is trained again with the validation images among the training images. */
export function isRefit(of: {
  readonly config: Pick<RunConfig, 'refit'>;
  readonly strategy: StrategyName;
  readonly index: Pick<DatasetIndex, 'images'>;
  readonly split: Split;
}): boolean {
  const { config, strategy, index, split } = of;
  if (split.val.length === 0 || config.refit === 'never') return false;
  if (config.refit === 'always') return true;
  // A validation part that the user made is theirs to measure on.
  const isGiven = index.images.some(({ side }) => side === 'val');
  const count = split.train.length + split.val.length;
  return !isGiven && strategy !== 'scratch' && count <= REFIT_MOST;
}
