import { createRng } from '../base/rng.ts';

export interface Folds {
  /** How many there are; 0 where nothing can be held out. */
  readonly count: number;
  /** The fold of each sample; -1 for one that is always trained on. */
  readonly of: readonly number[];
}

/** As scikit-learn's cross-validated estimators have by default. */
export const USUAL_FOLDS = 5;

/**
 * Divides samples into folds, each class evenly over all of them. Samples of one group, such as copies of an
 * image, share a fold: otherwise a fit would be judged by what it has seen. A class with fewer groups than
 * folds makes the folds fewer, down to two; a class of one group alone is never held out.
 *
 * @param of `groups`: a name for each sample, equal names are one group; `most`: how many folds there are at most
 */
export function stratifiedFolds(
  labels: readonly number[],
  of: { readonly groups: readonly string[]; readonly seed: number; readonly most?: number },
): Folds {
  const { groups, seed, most = USUAL_FOLDS } = of;
  const byClass = groupsByClass(labels, groups);
  const sizes = [...byClass.values()].map((names) => names.size).filter((size) => size > 1);
  if (sizes.length < 2) return { count: 0, of: labels.map(() => -1) };
  const count = Math.min(most, ...sizes);
  const foldOf = new Map<string, number>();
  let next = 0;
  for (const [label, names] of [...byClass].sort(([a], [b]) => a - b)) {
    if (names.size < 2) continue;
    // The next class goes on where this one ended, so that folds are of one size.
    for (const name of createRng('folds', seed, label).shuffle([...names].sort())) {
      foldOf.set(name, next % count);
      next++;
    }
  }
  return { count, of: groups.map((name) => foldOf.get(name) ?? -1) };
}

/** The groups of each class; a group of several classes counts for that of its first sample. */
function groupsByClass(
  labels: readonly number[],
  groups: readonly string[],
): ReadonlyMap<number, ReadonlySet<string>> {
  const seen = new Set<string>();
  const byClass = new Map<number, Set<string>>();
  labels.forEach((label, sample) => {
    const name = groups[sample] as string;
    if (seen.has(name)) return;
    seen.add(name);
    byClass.set(label, (byClass.get(label) ?? new Set()).add(name));
  });
  return byClass;
}
