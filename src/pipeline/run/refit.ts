import type { RunConfig, StrategyName } from '../../config/schema.ts';
import type { DatasetIndex, Split } from '../../dataset/types.ts';

/** More images than this lose little by those that are held back, and take long to train on twice. */
const REFIT_MOST = 2000;

/** Whether everything is fitted again with the validation images among those that are trained on. */
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
