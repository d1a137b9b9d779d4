import { groupNamer } from '../../dataset/near-duplicate-groups.ts';
import type { ImageEntry, Split } from '../../dataset/types.ts';
import { stratifiedFolds, USUAL_FOLDS } from '../../solver/folds.ts';
import type { LoadedData } from '../prepare/data.ts';

/**
 * The splits that strategies are tried on, the same for each. The first is that of the run itself, so that what is
 * trained on it is the beginning of that run; in the others another part of the training images takes the place
 * of the validation images. Images to test on are in none. A validation part that the user made is never trained on.
 */
export function trialSplits(
  { index, split, groups }: Pick<LoadedData, 'index' | 'split' | 'groups'>,
  seed: number,
): readonly Split[] {
  const isGiven = index.images.some(({ side }) => side === 'val');
  const own = split.val.length > 0 ? [split] : [];
  const { count, of } = stratifiedFolds(
    split.train.map(({ label }) => label),
    { groups: split.train.map(groupNamer(groups)), seed, most: USUAL_FOLDS - own.length },
  );
  const beside = isGiven ? [] : split.val;
  const others = Array.from({ length: count }, (_, fold): Split => {
    const part = (isHeld: boolean): ImageEntry[] =>
      split.train.filter((_, i) => (of[i] === fold) === isHeld);
    return { train: [...part(false), ...beside], val: part(true), test: [] };
  });
  return [...own, ...others];
}
